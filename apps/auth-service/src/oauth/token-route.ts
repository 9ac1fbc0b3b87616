import type { Service } from '@latchkey/service-kit';
import { requestOrigin } from '../audit/request-origin.ts';
import type { AuthenticateClient } from './client-authentication/client-authentication.ts';
import type { ReadProof } from './dpop-proofs.ts';
import type { GrantTable } from './grants/grant-table.ts';
import { oauthErrorSchema, presentedBy, speakOAuth } from './oauth-endpoint.ts';
import { tokenAnswerSchema } from './token-answer.ts';
import { TokenError } from './token-error.ts';
import { tokenParametersSchema } from './token-parameters.ts';

const tokenSchema = {
  summary: 'Token endpoint (RFC 6749 §3.2)',
  tags: ['tokens'],
  security: [],
  consumes: ['application/x-www-form-urlencoded'],
  body: tokenParametersSchema,
  response: { 200: tokenAnswerSchema, 400: oauthErrorSchema, 401: oauthErrorSchema },
};

export type TokenRouteOptions = {
  readonly authenticate: AuthenticateClient;
  readonly grants: GrantTable;
  readonly readProof: ReadProof;
};

/** POST /token. Its errors are RFC 6749's JSON, not problem documents. */
export async function tokenRoute(app: Service, options: TokenRouteOptions): Promise<void> {
  const { authenticate, grants, readProof } = options;
  speakOAuth(app, '/token');

  app.post('/token', { schema: tokenSchema }, async (request, reply) => {
    const parameters = request.body;
    const origin = requestOrigin(request);
    const client = await authenticate(presentedBy(request, parameters), origin);
    const grant = grants.get(parameters.grant_type);
    if (grant === undefined) {
      throw new TokenError('unsupported_grant_type', `Grant types: ${[...grants.keys()].join(', ')}.`);
    }
    const proven = await readProof(request, reply, client);
    const answer = await grant({
      ...{ client, parameters, origin, proven },
      userAgent: request.headers['user-agent'],
    });
    reply.header('cache-control', 'no-store');
    return answer;
  });
}
