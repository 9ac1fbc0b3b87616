import { type ErrorAnswer, type ErrorForm, headerValues, type Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { PresentedClient } from './client-authentication/client-authentication.ts';
import { acceptForms, form, readForm } from './form-body.ts';
import { isTokenErrorCode, TokenError } from './token-error.ts';

/** RFC 6749 §5.2, which RFC 7009 §2.2.1 and RFC 7662 §2.3 adopt. */
export const oauthErrorSchema = Type.Object({
  error: Type.String(),
  error_description: Type.String(),
  reason: Type.Optional(
    Type.String({ description: 'For a refresh: why the session has ended, if that is known.' }),
  ),
});

/** The parameters by which a client identifies or authenticates itself, the same at every endpoint. */
export const clientParameters = {
  client_id: Type.Optional(
    Type.String({ maxLength: 256, description: 'Required for clients that do not authenticate.' }),
  ),
  client_assertion_type: Type.Optional(Type.String()),
  // No maxLength, so that an assertion that is too long is also answered with invalid_client.
  client_assertion: Type.Optional(Type.String({ description: 'private_key_jwt (RFC 7523 §2.2).' })),
  client_secret: Type.Optional(
    Type.String({ description: 'Refused: a secret belongs in the Authorization header.' }),
  ),
};

/**
 * Makes this plugin's route at this path accept a form, and answer every client error in RFC 6749's JSON instead of a
 * problem document. That includes a wrong content type, a wrong method and a body that is too large. Server errors stay
 * problem documents (docs/decisions/0050-one-form-for-errors-of-oauth.md).
 */
export function speakOAuth(app: Service, path: string, read: (body: Buffer) => object = readForm): void {
  acceptForms(app, read);
  app.answerErrorsAs(path, asOAuthError);
  // Without a body no parser runs, for example when all parameters are in the URL.
  app.addHook('preValidation', async ({ body }) => {
    if (body == null) throw new TokenError('invalid_request', `The body must be ${form}.`);
  });
}

/** RFC 6749 §5.2. */
function asOAuthError({ status, code, detail, extensions }: ErrorAnswer): ReturnType<ErrorForm> {
  if (status >= 500) return undefined;
  const error = isTokenErrorCode(code) ? code : 'invalid_request';
  const body = { error, error_description: detail ?? 'The request is malformed.', ...extensions };
  return { status: status === 415 ? 400 : status, body };
}

/**
 * Reads what a request says about its client. Does not authenticate it.
 *
 * @throws TokenError `invalid_request` for more than one Authorization header (RFC 6749 §5.2: multiple credentials)
 */
export function presentedBy(
  request: FastifyRequest,
  parameters: {
    readonly client_id?: string;
    readonly client_assertion_type?: string;
    readonly client_assertion?: string;
    readonly client_secret?: string;
  },
): PresentedClient {
  const [authorization, ...more] = headerValues(request.raw.rawHeaders, 'authorization');
  if (more.length > 0)
    throw new TokenError('invalid_request', 'There is more than one Authorization header.');
  return {
    clientId: parameters.client_id,
    assertionType: parameters.client_assertion_type,
    assertion: parameters.client_assertion,
    secret: parameters.client_secret,
    authorization,
  };
}
