import { problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { AuthenticateClient } from './client-authentication/client-authentication.ts';
import { clientParameters, oauthErrorSchema, presentedBy, speakOAuth } from './oauth-endpoint.ts';
import type { RevokeToken } from './token-revocation.ts';

const revocationSchema = {
  summary: 'Give a token back (RFC 7009)',
  description:
    'A refresh token ends its session. An access token dies alone. The answer is the same for a token that is unknown, ' +
    'or not of this client. After a 503 the token is as good as before: ask again.',
  tags: ['tokens'],
  security: [],
  consumes: ['application/x-www-form-urlencoded'],
  // RFC 7009 §2.1: what is not recognised is ignored, and so is a hint, since a token shows what it is.
  body: Type.Object(
    { token: Type.String(), token_type_hint: Type.Optional(Type.String()), ...clientParameters },
    { additionalProperties: true },
  ),
  response: {
    200: {
      description: 'It is no good any more, if it was this client’s.',
      content: { 'text/plain': { schema: Type.String({ maxLength: 0 }) } },
    },
    400: oauthErrorSchema,
    401: oauthErrorSchema,
    413: oauthErrorSchema,
    503: problemSchema,
  },
};

export type TokenRevocationRouteOptions = {
  readonly authenticate: AuthenticateClient;
  readonly revokeToken: RevokeToken;
};

/** POST /revoke. */
export async function tokenRevocationRoute(
  app: Service,
  { authenticate, revokeToken }: TokenRevocationRouteOptions,
): Promise<void> {
  speakOAuth(app, '/revoke');

  app.post('/revoke', { schema: revocationSchema }, async (request, reply) => {
    const origin = requestOrigin(request);
    const client = await authenticate(presentedBy(request, request.body), origin);
    await revokeToken({ client, token: request.body.token, origin });
    // RFC 7009 §2.2: the status says it all.
    return reply.header('cache-control', 'no-store').type('text/plain').send('');
  });
}
