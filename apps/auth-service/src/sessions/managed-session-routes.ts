import { problemSchema, type Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { accountIdSchema } from '../accounts/account-answer.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { accountNotFound } from '../accounts/refusals.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { requestOrigin } from '../audit/request-origin.ts';
import { sessionNotFound } from './refusals.ts';
import { listedSessionAnswer, listedSessionSchema } from './session-answer.ts';
import type { SessionStore } from './session-store.ts';

const refusals = {
  400: problemSchema,
  401: problemSchema,
  403: problemSchema,
  404: problemSchema,
  503: problemSchema,
};
const tags = ['accounts'];
const ended = Type.Null({ description: 'Ended.' });

const listSchema = {
  summary: "List an account's devices",
  tags,
  params: accountIdSchema,
  response: { 200: Type.Object({ sessions: Type.Array(listedSessionSchema) }), ...refusals },
};

const endAllSchema = {
  summary: 'Sign an account out of all its devices',
  tags,
  params: accountIdSchema,
  response: { 204: ended, ...refusals },
};

const endOneSchema = {
  summary: 'Sign an account out of one of its devices',
  tags,
  params: Type.Object({ ...accountIdSchema.properties, sessionId: Type.String({ maxLength: 64 }) }),
  response: { 204: ended, ...refusals },
};

const reason = 'ended_by_operator';

export type ManagedSessionRoutesOptions = {
  readonly accounts: Pick<Accounts, 'find'>;
  readonly sessions: SessionStore;
  readonly audit: Pick<AuditLog, 'record'>;
};

/** What operators do with other people's sessions. An unknown account gives 404, one without sessions an empty list. */
export async function managedSessionRoutes(
  app: Service,
  options: ManagedSessionRoutesOptions,
): Promise<void> {
  const { accounts, sessions, audit } = options;
  const onRequest = app.requireScope('accounts:manage');

  app.get('/accounts/:id/sessions', { onRequest, schema: listSchema }, async (request) => {
    const subject = await accountOr404(request.params.id);
    const list = await sessions.list(subject);
    return { sessions: list.map((session) => listedSessionAnswer(session, request.auth.sessionId)) };
  });

  app.delete('/accounts/:id/sessions', { onRequest, schema: endAllSchema }, async (request, reply) => {
    const subject = await accountOr404(request.params.id);
    for (const id of await sessions.endAll(subject, reason)) recordEnd(request, subject, id);
    return reply.code(204).send(null);
  });

  app.delete(
    '/accounts/:id/sessions/:sessionId',
    { onRequest, schema: endOneSchema },
    async (request, reply) => {
      const { sessionId } = request.params;
      const subject = await accountOr404(request.params.id);
      if (!(await sessions.end(subject, sessionId, reason))) {
        throw sessionNotFound('This account has no session with this id.');
      }
      recordEnd(request, subject, sessionId);
      return reply.code(204).send(null);
    },
  );

  async function accountOr404(id: string): Promise<string> {
    if ((await accounts.find(id)) === undefined) throw accountNotFound();
    return id;
  }

  function recordEnd(request: FastifyRequest, subject: string, sessionId: string): void {
    const details = { reason, actor: request.auth.subject };
    audit.record({ event: 'session.ended', subject, sessionId, ...requestOrigin(request), details });
  }
}
