import { ProblemError, problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import type { AuditLog } from '../audit/audit-log.ts';
import { requestOrigin } from '../audit/request-origin.ts';
import type { ClientDirectory } from '../clients/clients.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import type { ConsentStore } from './consent-store.ts';

const refusals = { 401: problemSchema, 403: problemSchema, 503: problemSchema };

export type ConsentRoutesOptions = {
  readonly consents: ConsentStore;
  readonly sessions: Pick<SessionStore, 'list' | 'end'>;
  readonly clients: ClientDirectory;
  readonly audit: Pick<AuditLog, 'record'>;
};

/** What a person allowed applications of others: to list it, and to withdraw it. */
export async function consentRoutes(app: Service, options: ConsentRoutesOptions): Promise<void> {
  const { consents, sessions, clients, audit } = options;

  app.get(
    '/account/consents',
    {
      onRequest: app.authenticate,
      schema: {
        summary: 'List the applications that I allowed something',
        tags: ['account'],
        response: {
          200: Type.Object({
            consents: Type.Array(
              Type.Object({
                client_id: Type.String(),
                name: Type.String(),
                scopes: Type.Array(Type.String()),
                granted_at: Type.String({ format: 'date-time' }),
              }),
            ),
          }),
          ...refusals,
        },
      },
    },
    async (request) => {
      const found = await consents.list(request.auth.subject);
      return {
        consents: found.map(({ clientId, scopes, grantedAt }) => ({
          client_id: clientId,
          // An application that is gone has no name any more.
          name: clients.find(clientId)?.name ?? clientId,
          scopes: [...scopes],
          granted_at: grantedAt.toISOString(),
        })),
      };
    },
  );

  app.delete(
    '/account/consents/:clientId',
    {
      onRequest: app.authenticate,
      schema: {
        summary: 'Withdraw what I allowed an application',
        description:
          'Its sessions end, and services refuse its access tokens within milliseconds. After a 503, repeat the ' +
          'request to complete it.',
        tags: ['account'],
        params: Type.Object({ clientId: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$' }) }),
        response: {
          204: Type.Null({ description: 'It may do nothing any more.' }),
          400: problemSchema,
          404: problemSchema,
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      const { subject } = request.auth;
      const { clientId } = request.params;
      const origin = requestOrigin(request);
      const endTheirs = async () => {
        const theirs = (await sessions.list(subject)).filter((session) => session.clientId === clientId);
        for (const { id: sessionId } of theirs) {
          const details = { reason: 'consent_withdrawn' } as const;
          if (await sessions.end(subject, sessionId, details.reason))
            audit.record({ event: 'session.ended', subject, sessionId, clientId, ...origin, details });
        }
        return theirs.length > 0;
      };
      const isApplication = clients.find(clientId)?.kind === 'application';
      // Before the consent goes, so that it stays in the list until all is done; and again for those that began meanwhile.
      const hadSessions = isApplication && (await endTheirs());
      const wasAllowed = await consents.withdraw(subject, clientId);
      if (!wasAllowed && !hadSessions)
        throw new ProblemError({
          status: 404,
          code: 'consent_not_found',
          detail: 'You have allowed nothing to an application with this id.',
        });
      audit.record({ event: 'consent.withdrawn', subject, clientId, ...origin });
      if (isApplication) await endTheirs();
      return reply.code(204).send(null);
    },
  );
}
