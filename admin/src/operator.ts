import {
  createKey,
  type Json,
  type Request,
  refreshing,
  send,
  signingIn,
  type Tokens,
} from '@latchkey/person';
import { CommandError } from './command-error.ts';

const timeoutMs = 10_000;
/** A token this close to its expiry is refreshed first, so that it does not expire on the way. */
const marginMs = 15_000;

export type Call = Pick<Request, 'method' | 'json'>;

export type Operator = Awaited<ReturnType<typeof openOperator>>;

/**
 * Signs an operator in at auth-service. Every command calls its routes, so it needs no other access, has only the
 * operator's scopes, and appears in the audit log under the operator's name.
 *
 * The session is bound to a key of this process (RFC 9449). Key and tokens are in its memory alone.
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

  async function ask(request: Request): Promise<Json> {
    const { status, text, body } = await send(authUrl, request, { timeoutMs }).catch((cause: unknown) => {
      throw new CommandError(
        `auth-service does not answer at ${authUrl}. Is the system running (npm start)?`,
        { cause },
      );
    });
    if (text !== '' && !text.startsWith('{'))
      throw new CommandError('The answer is not JSON. Is this auth-service?');
    if (status >= 400) throw new RefusedError(status, body);
    return body;
  }

  function keep(body: Json): void {
    tokens = body as Tokens;
    if (tokens.token_type !== 'DPoP')
      throw new CommandError(
        'This auth-service does not bind tokens to keys (RFC 9449). Is it an older one?',
      );
    refreshAtMs = performance.now() + tokens.expires_in * 1000 - marginMs;
  }

  // Proofs name auth-service as it calls itself, however the operator reaches it.
  const { issuer } = await ask({ path: '/.well-known/oauth-authorization-server' });
  const key = createKey({ [authUrl]: String(issuer) });

  /** The operator's access token. Refreshes it when it is about to expire, or is the `refused` one. */
  async function accessToken(refused?: string): Promise<string> {
    if (performance.now() >= refreshAtMs || refused === tokens.access_token)
      keep(await ask(refreshing(tokens.refresh_token, { key })));
    return tokens.access_token;
  }

  /** Calls auth-service. After a 401 it retries once with a fresh token: a command may have revoked its own token. */
  async function call(path: string, call: Call = {}): Promise<Json> {
    const request = { path, key, ...call };
    const token = await accessToken();
    try {
      return await ask({ ...request, token });
    } catch (error) {
      if (!(error instanceof RefusedError && error.status === 401)) throw error;
      return ask({ ...request, token: await accessToken(token) });
    }
  }

  keep(await ask(signingIn({ username, password, deviceName: 'npm run admin', key })));

  return {
    authUrl,
    issuer: String(issuer),
    call,
    /** The operator's access token, and the proofs without which it is refused. */
    boundToken: async (refused?: string) => ({ accessToken: await accessToken(refused), proofs: key }),
    /** Ends the operator's own session. Ignores errors: the command may have ended that session itself. */
    async signOut(): Promise<void> {
      await call('/sessions/current', { method: 'DELETE' }).catch(() => {});
    },
  };
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
