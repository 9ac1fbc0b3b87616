import type { FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import type { PersonsClient } from '../clients/clients.ts';
import type { RefreshCookie } from './refresh-cookie.ts';
import type { IssuedTokens } from './session-tokens.ts';

/** RFC 6749 §5.1: the members of every answer with an access token. */
export const accessTokenMembers = {
  access_token: Type.String(),
  token_type: Type.Enum(['Bearer', 'DPoP']),
  expires_in: Type.Integer({ description: 'Seconds until the access token expires.' }),
  scope: Type.String(),
};

/** The tokens of a session (RFC 6749 §5.1). A browser's refresh token is in its cookie instead. */
export const sessionAnswerSchema = Type.Object({
  ...accessTokenMembers,
  session_id: Type.String(),
  refresh_token: Type.Optional(Type.String()),
});

export type SessionAnswer = Static<typeof sessionAnswerSchema>;

/**
 * The answer to a client. It contains the refresh token unless the client is a browser, or an application of others
 * that was not granted offline_access (OpenID Connect Core §11).
 */
export function sessionAnswerOf(tokens: IssuedTokens, client: PersonsClient): SessionAnswer {
  return {
    access_token: tokens.accessToken,
    token_type: tokens.isBound ? 'DPoP' : 'Bearer',
    expires_in: tokens.expiresInSeconds,
    scope: tokens.scopes.join(' '),
    session_id: tokens.sessionId,
    ...(getsRefreshToken(tokens, client) ? { refresh_token: tokens.refreshToken } : {}),
  };
}

/**
 * Answers with the tokens. A browser gets the refresh token in an HttpOnly cookie, other clients in the body. No cache
 * may store the answer (RFC 6749 §5.1).
 */
export function answerWithTokens(
  reply: FastifyReply,
  options: { tokens: IssuedTokens; client: PersonsClient; cookie: RefreshCookie },
): SessionAnswer {
  const { tokens, client, cookie } = options;
  reply.header('cache-control', 'no-store');
  if (client.kind === 'browser') {
    cookie.set(reply, { refreshToken: tokens.refreshToken, expiresAt: tokens.sessionExpiresAt });
  }
  return sessionAnswerOf(tokens, client);
}

function getsRefreshToken({ grantedScopes }: IssuedTokens, { kind }: PersonsClient): boolean {
  return kind === 'native' || (kind === 'application' && grantedScopes.includes('offline_access'));
}
