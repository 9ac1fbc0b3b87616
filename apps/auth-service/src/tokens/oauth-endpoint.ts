import type { Service } from '@latchkey/service-kit';
import type { FastifyError, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { PresentedClient } from '../clients/client-authentication.ts';
import { acceptForms } from './form-body.ts';
import { TokenError } from './token-error.ts';

/** RFC 6749 §5.2, which RFC 7009 §2.2.1 and RFC 7662 §2.3 take over. */
export const oauthErrorSchema = Type.Object({
  error: Type.String(),
  error_description: Type.String(),
  reason: Type.Optional(
    Type.String({ description: 'Of a refresh: why the session has ended, if that is known.' }),
  ),
});

/** The parameters by which a client says, or proves, who it is: the same at every endpoint. */
export const clientParameters = {
  client_id: Type.Optional(
    Type.String({ maxLength: 256, description: 'Required of clients that do not authenticate.' }),
  ),
  client_assertion_type: Type.Optional(Type.String()),
  // As long as it likes: a bad assertion is answered with invalid_client, also one that is too long.
  client_assertion: Type.Optional(Type.String({ description: 'private_key_jwt (RFC 7523 §2.2).' })),
  client_secret: Type.Optional(Type.String({ description: 'Refused: no client here has a secret.' })),
};

/** Has this plugin's routes read forms, and answer errors in RFC 6749's JSON instead of problem documents. */
export function speakOAuth(app: Service): void {
  acceptForms(app);
  const ownErrorHandler = app.errorHandler;
  app.setErrorHandler((error: FastifyError | TokenError, request, reply) => {
    const refusal = asTokenError(error);
    if (refusal === undefined) return ownErrorHandler.call(app, error as FastifyError, request, reply);
    reply.code(refusal.status).headers(refusal.headers).header('cache-control', 'no-store');
    reply.type('application/json');
    const { code, message, reason } = refusal;
    return reply.send({ error: code, error_description: message, ...(reason && { reason }) });
  });
}

/** Reads what a request says of its client; proves nothing. */
export function presentedBy(
  request: FastifyRequest,
  parameters: {
    readonly client_id?: string;
    readonly client_assertion_type?: string;
    readonly client_assertion?: string;
    readonly client_secret?: string;
  },
): PresentedClient {
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
