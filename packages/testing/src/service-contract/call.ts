import type { ContractRoute, ContractService } from './authorization.ts';

export type Call = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT';
  /** Default what the service's tests usually send; '' sends none. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, all else as JSON. */
  readonly body?: unknown;
};

export type Reply<Body> = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The JSON object of the answer; undefined when it is none. */
  readonly body: Body;
};

type Injected = { statusCode: number; headers: Record<string, unknown>; payload: string };

/** Of a Fastify app, what is needed here. */
type Injectable = {
  inject(request: {
    method: NonNullable<Call['method']>;
    url: string;
    headers: Record<string, string>;
    payload?: string;
  }): Promise<Injected>;
};

/**
 * Sends requests to an app that need not listen, and reads its JSON.
 *
 * @example
 * const call = callsTo(app, () => issuer.mint({ scope: 'cart:read' }));
 * expect((await call('/cart')).status).toBe(200);
 */
export function callsTo<Problem>(app: Injectable, usualToken: () => string) {
  return async function call<Body = Problem>(path: string, request: Call = {}): Promise<Reply<Body>> {
    const { method = 'GET', token = usualToken(), headers, body } = request;
    const response = await app.inject({
      method,
      url: path,
      headers: {
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const { statusCode: status, payload: text } = response;
    return {
      status,
      headers: response.headers,
      text,
      body: (text.startsWith('{') ? JSON.parse(text) : undefined) as Body,
    };
  };
}

/** `send` of the contract, for a service whose tests use `callsTo`. */
export function sendBy(
  call: (path: string, request: Call) => Promise<Reply<{ code?: string } | undefined>>,
  pathOf = ({ path }: ContractRoute) => path,
): ContractService['send'] {
  return async (route, token, body: unknown = route.body) => {
    const request = { method: route.method, token, ...(body !== undefined && { body }) };
    const answer = await call(pathOf(route), request);
    const header = (name: string) => answer.headers[name] as string | undefined;
    return {
      status: answer.status,
      contentType: header('content-type'),
      challenge: header('www-authenticate'),
      body: answer.body ?? {},
    };
  };
}
