import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Client } from '../clients/clients.ts';
import type { RefreshCookie } from '../sessions/refresh-cookie.ts';
import type { IssuedTokens } from './issue-tokens.ts';

/** RFC 6749 §5.1. A browser's refresh token is in its cookie, and so not here. */
export const tokenAnswerSchema = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'Seconds until the access token expires.' }),
  scope: Type.String(),
  session_id: Type.String(),
  refresh_token: Type.Optional(Type.String()),
});

/**
 * Hands the tokens to their client: the refresh token in an HttpOnly cookie for a browser, in the body for others. No
 * cache may keep the answer (RFC 6749 §5.1).
 */
export function answerWithTokens(
  reply: FastifyReply,
  options: { tokens: IssuedTokens; client: Client; cookie: RefreshCookie },
) {
  const { tokens, client, cookie } = options;
  reply.header('cache-control', 'no-store');
  if (client.kind === 'browser') {
    cookie.set(reply, { refreshToken: tokens.refreshToken, expiresAt: tokens.sessionExpiresAt });
  }
  return {
    access_token: tokens.accessToken,
    token_type: 'Bearer' as const,
    expires_in: tokens.expiresInSeconds,
    scope: tokens.scopes.join(' '),
    session_id: tokens.sessionId,
    ...(client.kind === 'native' ? { refresh_token: tokens.refreshToken } : {}),
  };
}
