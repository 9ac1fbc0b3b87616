import type { FastifyReply } from 'fastify';
import { formPostPage } from '../../pages/form-post-page.ts';
import { languageFor } from '../../pages/language.ts';
import { sendPage } from '../../pages/send-page.ts';
import type { AuthorizationErrorCode, ReplyAddress } from './authorization-error.ts';

export type AuthorizationAnswer =
  | { readonly code: string }
  | { readonly error: AuthorizationErrorCode; readonly description: string };

/**
 * Sends the person back to the client with the answer (RFC 6749 §4.1.2) and with `iss` (RFC 9207). Always 303: with 307
 * the browser would repeat the form, and so send the password to the client (RFC 9700 §4.12).
 */
export function answerClient(
  reply: FastifyReply,
  { redirectUri, responseMode, state }: ReplyAddress,
  answer: AuthorizationAnswer,
  issuer: string,
): FastifyReply {
  const parameters = {
    ...('code' in answer
      ? { code: answer.code }
      : { error: answer.error, error_description: answer.description }),
    ...(state === undefined ? {} : { state }),
    iss: issuer,
  };
  if (responseMode === 'form_post') {
    const acceptLanguage = reply.request.headers['accept-language'];
    const language = languageFor({ uiLocales: undefined, acceptLanguage });
    return sendPage(reply, formPostPage(redirectUri, parameters, language));
  }
  const separator = redirectUri.includes('?') ? '&' : '?';
  return reply
    .code(303)
    .header('location', `${redirectUri}${separator}${new URLSearchParams(parameters)}`)
    .header('cache-control', 'no-store')
    .send();
}
