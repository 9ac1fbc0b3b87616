import type { ServiceKey } from '@latchkey/services';
import type { Narrator } from './narrator.ts';

export type ServiceName = ServiceKey;

/** The services' addresses. The demo uses nothing but their public HTTP routes. */
export type Urls = Readonly<Record<ServiceName, string>>;

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
};

export type Tokens = {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly session_id: string;
  readonly scope: string;
};

export type Call = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly token?: string;
  readonly json?: unknown;
  readonly form?: Record<string, string>;
  readonly headers?: Record<string, string>;
};

/** Sends requests as a customer would, and reports them to the narrator, if there is one. */
export function createShop(urls: Urls) {
  async function call(
    service: ServiceName,
    path: string,
    options: Call = {},
    tell?: Narrator,
  ): Promise<Answer> {
    const { method = 'GET', token, json, form } = options;
    const headers = new Headers(options.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    if (json !== undefined) headers.set('content-type', 'application/json');
    tell?.request(method, `${service}-service ${path}`);

    const response = await fetch(urls[service] + path, {
      method,
      headers,
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    });
    const text = await response.text();
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    tell?.answer(describe(response, body));
    return { status: response.status, headers: response.headers, body };
  }

  return {
    call,
    metrics: async (service: ServiceName): Promise<string> =>
      (await fetch(`${urls[service]}/metrics`)).text(),
    /** Signs in as latchkey-cli. `scope` asks for less than the account's roles allow. */
    async signIn(
      account: { username: string; password: string; scope?: string },
      tell?: Narrator,
      headers: Record<string, string> = {},
    ): Promise<Tokens> {
      const { username, password, scope } = account;
      const json = { client_id: 'latchkey-cli', device_name: 'Demo terminal', username, password, scope };
      const answer = await call('auth', '/sessions', { method: 'POST', json, headers }, tell);
      if (answer.status !== 201) throw new Error(`${username} could not sign in: ${answer.status}`);
      return answer.body as Tokens;
    },
    refresh(refreshToken: string, tell?: Narrator): Promise<Answer> {
      const form = { grant_type: 'refresh_token', client_id: 'latchkey-cli', refresh_token: refreshToken };
      return call('auth', '/token', { method: 'POST', form }, tell);
    },
  };
}

export type Shop = ReturnType<typeof createShop>;

/** The status, and the error code and the challenge, if there are any. */
function describe(response: Response, body: Record<string, unknown>): string {
  const code = body['code'] ?? body['error'];
  const challenge = response.headers.get('www-authenticate');
  const parts = [`${response.status} ${response.statusText}`];
  if (code !== undefined) parts.push(String(code));
  if (challenge !== null) parts.push(challenge);
  return parts.join(' · ');
}
