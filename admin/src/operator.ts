import { CommandError } from './command-error.ts';

const clientId = 'latchkey-cli';
const timeoutMs = 10_000;
/** A token is not used in the last seconds before it expires, so that it does not expire on the way. */
const marginMs = 15_000;

type Tokens = { access_token: string; refresh_token: string; expires_in: number };

export type Json = Readonly<Record<string, unknown>>;

export type Call = { readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; readonly json?: Json };

export type Operator = Awaited<ReturnType<typeof openOperator>>;

/**
 * Signs an operator in at auth-service: everything that they do goes through its routes, so it needs no other access,
 * is held to the operator's scopes, and stands in the audit log under their name.
 *
 * @throws CommandError when the sign-in is refused or nobody answers
 * @example
 * const operator = await openOperator({ authUrl: 'http://localhost:4000', username: 'admin', password });
 * const { accounts } = await operator.call('/accounts?username=mina');
 * await operator.signOut();
 */
export async function openOperator(options: { authUrl: string; username: string; password: string }) {
  const { authUrl, username, password } = options;
  let tokens: Tokens;
  let refreshAtMs = 0;

  async function send(path: string, init: RequestInit): Promise<Json> {
    const response = await fetch(authUrl + path, { ...init, signal: AbortSignal.timeout(timeoutMs) }).catch(
      (cause: unknown) => {
        throw new CommandError(`Nobody answers at ${authUrl}. Is the system running (npm start)?`, { cause });
      },
    );
    const text = await response.text();
    const body = parse(text);
    if (!response.ok) throw new RefusedError(response.status, body);
    return body;
  }

  function keep(body: Json): void {
    tokens = body as Tokens;
    refreshAtMs = performance.now() + tokens.expires_in * 1000 - marginMs;
  }

  /** The operator's access token; a fresh one when it is about to expire, or is the one that was refused. */
  async function accessToken(refused?: string): Promise<string> {
    if (performance.now() >= refreshAtMs || refused === tokens.access_token) {
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: clientId,
        refresh_token: tokens.refresh_token,
      });
      keep(await send('/token', { method: 'POST', body }));
    }
    return tokens.access_token;
  }

  /** Asks auth-service as the operator, who may just have revoked the token that they asked with: then by a fresh one. */
  async function call(path: string, request: Call = {}): Promise<Json> {
    const token = await accessToken();
    try {
      return await callWith(token, path, request);
    } catch (error) {
      if (!(error instanceof RefusedError && error.status === 401)) throw error;
      return callWith(await accessToken(token), path, request);
    }
  }

  function callWith(token: string, path: string, { method = 'GET', json }: Call): Promise<Json> {
    return send(path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
  }

  const credentials = { client_id: clientId, device_name: 'npm run admin', username, password };
  keep(
    await send('/sessions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credentials),
    }),
  );

  return {
    authUrl,
    accessToken,
    call,
    /** Ends the operator's own session. A session that has ended already is what was wanted. */
    async signOut(): Promise<void> {
      await call('/sessions/current', { method: 'DELETE' }).catch(() => {});
    },
  };
}

function parse(text: string): Json {
  if (text === '') return {};
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new CommandError('The answer is not JSON: is this auth-service?', { cause });
  }
}

/** What auth-service answered, in a line: RFC 9457 or RFC 6749 §5.2. */
class RefusedError extends CommandError {
  readonly status: number;

  constructor(status: number, body: Json) {
    const text = body['detail'] ?? body['error_description'] ?? body['title'] ?? 'refused';
    super(`${String(text)} (${status} ${String(body['code'] ?? body['error'] ?? '')})`);
    this.status = status;
  }
}
