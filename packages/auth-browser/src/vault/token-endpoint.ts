import { type AuthCall, readJson, readTokenFrom, refreshTimeoutMs, type Sent } from '../auth-call.ts';
import type { AuthEndpoint } from '../auth-endpoint.ts';
import { SessionError } from '../errors.ts';
import { readClaims } from '../token-claims.ts';
import type { Kept, Vault } from './vault.ts';

/**
 * OAuth's endpoints (RFC 6749, RFC 7009), for a page whose tokens are in its vault. People sign in by the code flow alone,
 * since the password is not for a page of another site.
 */
export function createTokenEndpoint({
  clientId,
  call,
  vault,
}: {
  readonly clientId: string;
  readonly call: AuthCall;
  readonly vault: Vault;
}): AuthEndpoint {
  function revoke({ refreshToken, boundTo }: Kept): Promise<void> {
    const form = { client_id: clientId, token: refreshToken, token_type_hint: 'refresh_token' };
    return call('/revoke', { form, held: { boundTo } }, async () => {});
  }

  return {
    // This tab may have stood still until now. What another one has put into the vault meanwhile is later than the answer.
    async refresh(boundTo) {
      const sent = await vault.read();
      if (sent === undefined) throw ended(null);
      const form = {
        grant_type: 'refresh_token',
        client_id: clientId,
        refresh_token: sent.kept.refreshToken,
      };
      try {
        const request = { form, held: { boundTo }, timeoutMs: refreshTimeoutMs };
        const next = await call('/token', request, readKept);
        const held = await vault.replace(next, { after: sent });
        if (held === undefined) throw ended(null);
        return held;
      } catch (error) {
        const end = endOf(error);
        if (end === undefined) throw error;
        // Another key may be the session's: the vault stays until all have been tried.
        const held = end.reason === 'foreign_key' ? undefined : await vault.wipe({ of: sent });
        if (held === undefined) throw end;
        return held;
      }
    },

    async signInByCode({ code, verifier, redirectUri }, { key }) {
      const form = {
        grant_type: 'authorization_code',
        client_id: clientId,
        code,
        code_verifier: verifier,
        redirect_uri: redirectUri,
      };
      const before = await vault.read();
      const next = await call('/token', { form, held: { boundTo: key } }, readKept);
      const held = await vault.begin(next, { after: before });
      const isKept = held.refreshToken === next.refreshToken;
      const over = isKept ? before?.kept : next;
      // Nobody can use it any more. If this fails, it is in the list of devices until it expires.
      if (over !== undefined) await revoke(over).catch(() => {});
      return held;
    },

    async signOut(_held, everywhere) {
      if (everywhere) throw unsupported('Sign out everywhere at auth-service’s own pages.');
      const opened = await vault.read();
      if (opened === undefined) return;
      await revoke(opened.kept);
      await vault.end(opened.kept.sessionId);
    },

    signIn: async () => {
      throw unsupported('A page with a vault signs people in by beginSignIn alone.');
    },
    reauthenticate: async () => {
      throw unsupported(
        'A page with a vault has people authenticate again by beginSignIn with maxAgeSeconds.',
      );
    },
  };
}

/** The answer of the token endpoint (RFC 6749 §5.1). */
async function readKept(response: Response, sent: Sent): Promise<Kept> {
  const body = await readJson(response);
  const token = readTokenFrom(body, response.status, sent);
  const { refresh_token: refreshToken } = body;
  if (typeof refreshToken === 'string')
    return { ...token, refreshToken, sessionId: readClaims(token.accessToken)?.sessionId ?? '' };
  const message = 'auth-service answered without a refresh token: was offline_access granted?';
  throw new SessionError('unexpected_answer', message, { status: response.status });
}

/** What a refusal of a refresh token means, in the words of the routes for cookies. */
function endOf(error: unknown): SessionError | undefined {
  if (!(error instanceof SessionError)) return undefined;
  if (error.code === 'invalid_grant') return ended(error.reason);
  return error.code === 'invalid_dpop_proof' ? ended('foreign_key') : undefined;
}

function ended(reason: string | null): SessionError {
  const message = 'There is no session here any more. Sign in again.';
  return new SessionError('session_ended', message, { status: 401, reason: reason ?? 'no_cookie' });
}

function unsupported(message: string): SessionError {
  return new SessionError('unsupported', message);
}
