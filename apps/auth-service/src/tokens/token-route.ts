import type { Service } from '@latchkey/service-kit';
import type { FastifyError } from 'fastify';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { ClientRegistry } from '../clients/clients.ts';
import type { RefreshCookie } from '../sessions/refresh-cookie.ts';
import { acceptForms } from './form-body.ts';
import { type RefreshTokenGrant, refreshTokens } from './grants/refresh-token.ts';
import { parseScope } from './scope.ts';
import { answerWithTokens, tokenAnswerSchema } from './token-answer.ts';
import { TokenError } from './token-error.ts';

const tokenErrorSchema = Type.Object({ error: Type.String(), error_description: Type.String() });

const tokenSchema = {
  summary: 'Token endpoint (RFC 6749 §3.2)',
  tags: ['tokens'],
  security: [],
  consumes: ['application/x-www-form-urlencoded'],
  // RFC 6749 §3.2: unrecognised parameters are ignored.
  body: Type.Object(
    {
      grant_type: Type.String(),
      client_id: Type.String(),
      refresh_token: Type.Optional(Type.String({ maxLength: 256 })),
      scope: Type.Optional(Type.String({ maxLength: 1024 })),
    },
    { additionalProperties: true },
  ),
  response: { 200: tokenAnswerSchema, 400: tokenErrorSchema, 401: tokenErrorSchema },
};

export type TokenRouteOptions = RefreshTokenGrant & {
  readonly clients: ClientRegistry;
  readonly cookie: RefreshCookie;
};

/** POST /token. Its errors are RFC 6749's JSON, not problem documents. */
export async function tokenRoute(app: Service, options: TokenRouteOptions): Promise<void> {
  acceptForms(app);

  const ownErrorHandler = app.errorHandler;
  app.setErrorHandler((error: FastifyError | TokenError, request, reply) => {
    const refusal = asTokenError(error);
    if (refusal === undefined) return ownErrorHandler.call(app, error as FastifyError, request, reply);
    reply.code(refusal.status).header('cache-control', 'no-store').type('application/json');
    return reply.send({ error: refusal.code, error_description: refusal.message });
  });

  app.post('/token', { schema: tokenSchema }, async (request, reply) => {
    const { grant_type: grantType, client_id: clientId, refresh_token: refreshToken, scope } = request.body;
    const client = options.clients.find(clientId);
    if (client === undefined) throw new TokenError('invalid_client', 'There is no such client.');
    if (grantType !== 'refresh_token') {
      throw new TokenError('unsupported_grant_type', 'Grant types: refresh_token.');
    }
    if (client.kind === 'browser') {
      throw new TokenError(
        'unauthorized_client',
        'This client refreshes at POST /sessions/refresh, by its cookie.',
      );
    }
    if (refreshToken === undefined)
      throw new TokenError('invalid_request', 'The parameter refresh_token is missing.');
    const scopes = scope === undefined ? undefined : parseScope(scope);
    if (scope !== undefined && scopes === undefined)
      throw new TokenError('invalid_scope', 'The scope is malformed.');

    const tokens = await refreshTokens(options, {
      refreshToken,
      clientId,
      scopes,
      origin: requestOrigin(request),
    });
    return answerWithTokens(reply, { tokens, client, cookie: options.cookie });
  });
}

function asTokenError(error: FastifyError | TokenError): TokenError | undefined {
  if (error instanceof TokenError) return error;
  if ('validation' in error && error.validation) {
    return new TokenError('invalid_request', 'A parameter is missing or malformed.');
  }
  return undefined;
}
