import { problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { passwordSchema } from '../accounts/password-schema.ts';
import { requestOrigin } from '../audit/request-origin.ts';
import type { ClientDirectory } from '../clients/clients.ts';
import { proofMissing } from './key-proofs.ts';
import { type ReauthenticationParts, reauthenticate } from './reauthentication.ts';
import { sessionAnswerSchema } from './token-answer.ts';

const reauthenticationSchema = {
  summary: 'Authenticate again in this session (RFC 9470)',
  description:
    'For a route that answered insufficient_user_authentication. The access token in the answer carries the new ' +
    'auth_time; the refresh token stays the same.',
  tags: ['sessions'],
  body: Type.Object({ password: passwordSchema }, { additionalProperties: false }),
  response: {
    200: sessionAnswerSchema,
    400: problemSchema,
    401: problemSchema,
    403: problemSchema,
    409: problemSchema,
    429: problemSchema,
    503: problemSchema,
  },
};

/** POST /sessions/current/reauthentication. */
export async function reauthenticationRoute(
  app: Service,
  parts: ReauthenticationParts & { readonly clients: ClientDirectory },
): Promise<void> {
  app.post(
    '/sessions/current/reauthentication',
    { onRequest: app.authenticate, schema: reauthenticationSchema },
    async (request, reply) => {
      const { subject, sessionId, clientId, scopes, boundTo } = request.auth;
      // A token of the time before its client was marked.
      if (boundTo === undefined && parts.clients.find(clientId)?.isBoundOnly) throw proofMissing();
      const renewed = await reauthenticate(parts, {
        subject,
        sessionId,
        clientId,
        scopes,
        boundTo,
        password: request.body.password,
        origin: requestOrigin(request),
      });
      reply.header('cache-control', 'no-store');
      return {
        access_token: renewed.token,
        token_type: boundTo === undefined ? ('Bearer' as const) : ('DPoP' as const),
        expires_in: renewed.expiresInSeconds,
        scope: renewed.scopes.join(' '),
        session_id: renewed.sessionId,
      };
    },
  );
}
