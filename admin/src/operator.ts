import { CommandError } from './command-error.ts';

const clientId = 'latchkey-cli';
const timeoutMs = 10_000;
/** A token this close to its expiry is refreshed first, so that it does not expire on the way. */
const marginMs = 15_000;

type Tokens = { access_token: string; refresh_token: string; expires_in: number };

export type Json = Readonly<Record<string, unknown>>;

export type Call = { readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; readonly json?: Json };

export type Operator = Awaited<ReturnType<typeof openOperator>>;

/**
 * Signs an operator in at auth-service. Every command calls its routes, so it needs no other access, has only the
 * operator's scopes, and appears in the audit log under the operator's name.
 *
 * @throws CommandError when auth-service refuses the sign-in or does not answer
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
        throw new CommandError(
          `auth-service does not answer at ${authUrl}. Is the system running (npm start)?`,
          { cause },
        );
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

  /** The operator's access token. Refreshes it when it is about to expire, or is the `refused` one. */
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

  /** Calls auth-service. After a 401 it retries once with a fresh token: a command may have revoked its own token. */
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
    /** Ends the operator's own session. Ignores errors: the command may have ended that session itself. */
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
    throw new CommandError('The answer is not JSON. Is this auth-service?', { cause });
  }
}

/** A refusal by auth-service, as one line. Its body is as in RFC 9457 or RFC 6749 §5.2. */
class RefusedError extends CommandError {
  readonly status: number;

  constructor(status: number, body: Json) {
    const text = body['detail'] ?? body['error_description'] ?? body['title'] ?? 'refused';
    super(`${String(text)} (${status} ${String(body['code'] ?? body['error'] ?? '')})`);
    this.status = status;
  }
}
