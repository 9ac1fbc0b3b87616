import { problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { AuthenticateClient } from './client-authentication/client-authentication.ts';
import type { ReadProof } from './dpop-proofs.ts';
import { clientParameters, oauthErrorSchema, presentedBy, speakOAuth } from './oauth-endpoint.ts';
import type { RevokeToken } from './token-revocation.ts';

const revocationSchema = {
  summary: 'Revoke a token (RFC 7009)',
  description:
    'Revoking a refresh token ends its session. Revoking an access token affects that token only. The answer is the ' +
    'same for an unknown token and for one of another client. After a 503 the token is still valid: try again.',
  tags: ['tokens'],
  security: [],
  consumes: ['application/x-www-form-urlencoded'],
  // RFC 7009 §2.1: unknown parameters are ignored. So is the hint, because the token's format shows its type.
  body: Type.Object(
    { token: Type.String(), token_type_hint: Type.Optional(Type.String()), ...clientParameters },
    { additionalProperties: true },
  ),
  response: {
    200: {
      description: 'The token is no longer valid, if it belonged to this client.',
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
  readonly readProof: ReadProof;
};

/** POST /revoke. */
export async function tokenRevocationRoute(
  app: Service,
  { authenticate, revokeToken, readProof }: TokenRevocationRouteOptions,
): Promise<void> {
  speakOAuth(app, '/revoke');

  app.post('/revoke', { schema: revocationSchema }, async (request, reply) => {
    const origin = requestOrigin(request);
    const client = await authenticate(presentedBy(request, request.body), origin);
    const proven = await readProof(request, reply, null);
    await revokeToken({ client, token: request.body.token, proven, origin });
    // RFC 7009 §2.2: only the status matters.
    return reply.header('cache-control', 'no-store').type('text/plain').send('');
  });
}
