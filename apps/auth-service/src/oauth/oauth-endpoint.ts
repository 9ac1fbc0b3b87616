import type { ErrorAnswer, ErrorForm, Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { PresentedClient } from './client-authentication/client-authentication.ts';
import { acceptForms, FORM } from './form-body.ts';
import { isTokenErrorCode, TokenError } from './token-error.ts';

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

/**
 * Has this plugin's route at this path take a form, and answer every error of the client's in RFC 6749's JSON instead of
 * a problem document: also another content type, another method, a body that is too large. What is our own fault, or
 * our stores', stays a problem document (docs/decisions/0050-one-form-for-errors-of-oauth.md).
 */
export function speakOAuth(app: Service, path: string): void {
  acceptForms(app);
  app.answerErrorsAs(path, asOAuthError);
  // Nothing to parse reaches no parser: parameters in the URL alone, say.
  app.addHook('preValidation', async ({ body }) => {
    if (body == null) throw new TokenError('invalid_request', `The body must be ${FORM}.`);
  });
}

/** RFC 6749 §5.2. */
function asOAuthError({ status, code, detail, extensions }: ErrorAnswer): ReturnType<ErrorForm> {
  if (status >= 500) return undefined;
  const error = isTokenErrorCode(code) ? code : 'invalid_request';
  const body = { error, error_description: detail ?? 'The request is malformed.', ...extensions };
  return { status: status === 415 ? 400 : status, body };
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
