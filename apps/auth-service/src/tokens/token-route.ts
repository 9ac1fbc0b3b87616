import type { Service } from '@latchkey/service-kit';
import type { FastifyError, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { requestOrigin } from '../audit/request-origin.ts';
import type { AuthenticateClient, PresentedClient } from '../clients/client-authentication.ts';
import { acceptForms } from './form-body.ts';
import type { GrantTable } from './grants/grant-table.ts';
import { tokenAnswerSchema } from './token-answer.ts';
import { TokenError } from './token-error.ts';
import { type TokenParameters, tokenParametersSchema } from './token-parameters.ts';

const tokenErrorSchema = Type.Object({ error: Type.String(), error_description: Type.String() });

const tokenSchema = {
  summary: 'Token endpoint (RFC 6749 §3.2)',
  tags: ['tokens'],
  security: [],
  consumes: ['application/x-www-form-urlencoded'],
  body: tokenParametersSchema,
  response: { 200: tokenAnswerSchema, 400: tokenErrorSchema, 401: tokenErrorSchema },
};

export type TokenRouteOptions = {
  readonly authenticate: AuthenticateClient;
  readonly grants: GrantTable;
};

/** POST /token. Its errors are RFC 6749's JSON, not problem documents. */
export async function tokenRoute(app: Service, options: TokenRouteOptions): Promise<void> {
  const { authenticate, grants } = options;
  acceptForms(app);

  const ownErrorHandler = app.errorHandler;
  app.setErrorHandler((error: FastifyError | TokenError, request, reply) => {
    const refusal = asTokenError(error);
    if (refusal === undefined) return ownErrorHandler.call(app, error as FastifyError, request, reply);
    reply.code(refusal.status).headers(refusal.headers).header('cache-control', 'no-store');
    reply.type('application/json');
    return reply.send({ error: refusal.code, error_description: refusal.message });
  });

  app.post('/token', { schema: tokenSchema }, async (request, reply) => {
    const parameters = request.body;
    const origin = requestOrigin(request);
    const client = await authenticate(presentedBy(request, parameters), origin);
    const grant = grants.get(parameters.grant_type);
    if (grant === undefined) {
      throw new TokenError('unsupported_grant_type', `Grant types: ${[...grants.keys()].join(', ')}.`);
    }
    const answer = await grant({ client, parameters, origin });
    reply.header('cache-control', 'no-store');
    return answer;
  });
}

function presentedBy(request: FastifyRequest, parameters: TokenParameters): PresentedClient {
  return {
    clientId: parameters.client_id,
    assertionType: parameters.client_assertion_type,
    assertion: parameters.client_assertion,
    secret: parameters.client_secret,
    authorization: request.headers.authorization,
  };
}

function asTokenError(error: FastifyError | TokenError): TokenError | undefined {
  if (error instanceof TokenError) return error;
  if ('validation' in error && error.validation) {
    return new TokenError('invalid_request', 'A parameter is missing or malformed.');
  }
  return undefined;
}
