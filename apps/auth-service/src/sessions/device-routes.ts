import { problemSchema, type Service } from '@latchkey/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { AuditLog } from '../audit/audit-log.ts';
import { requestOrigin } from '../audit/request-origin.ts';
import { deviceNameSchema, keptDeviceName } from './device-name-schema.ts';
import type { RefreshCookie } from './refresh-cookie.ts';
import { sessionNotFound } from './refusals.ts';
import type { EndReason } from './session.ts';
import { listedSessionAnswer, listedSessionSchema } from './session-answer.ts';
import type { SessionStore } from './session-store.ts';

const refusals = { 401: problemSchema, 403: problemSchema, 503: problemSchema };
const ended = Type.Null({ description: 'Ended.' });

export type DeviceRoutesOptions = {
  readonly sessions: SessionStore;
  readonly audit: AuditLog;
  readonly cookie: RefreshCookie;
  /** Ends the login of the browser that sends the request, if it is the same person's. */
  readonly endLogin: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
};

/** A person's own sessions, one per device: list them, rename one, end this one, another, all others, or all. */
export async function deviceRoutes(app: Service, options: DeviceRoutesOptions): Promise<void> {
  const { sessions, audit, cookie, endLogin } = options;

  app.get(
    '/sessions',
    {
      onRequest: app.authenticate,
      schema: {
        summary: 'List my devices',
        tags: ['sessions'],
        response: { 200: Type.Object({ sessions: Type.Array(listedSessionSchema) }), ...refusals },
      },
    },
    async (request) => {
      const list = await sessions.list(request.auth.subject);
      return { sessions: list.map((session) => listedSessionAnswer(session, request.auth.sessionId)) };
    },
  );

  app.delete(
    '/sessions/current',
    {
      onRequest: app.authenticate,
      schema: {
        summary: 'Sign out of this device',
        description:
          'In a browser, also at the pages of auth-service, with every application that began there.',
        tags: ['sessions'],
        response: { 204: ended, ...refusals },
      },
    },
    async (request, reply) => {
      // If the session is gone already, the request has what it asked for.
      const { sessionId: current, clientId } = request.auth;
      // First, so that a failure leaves the session and the request can be repeated.
      await endLogin(request, reply);
      await endOne(request, current, 'sign_out');
      // If another person has signed in here meanwhile, their cookie stays.
      cookie.clear(reply, { clientId, isOver: (sessionId) => sessionId === current });
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/sessions/:id',
    {
      onRequest: app.authenticate,
      schema: {
        summary: 'Sign another device out',
        tags: ['sessions'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 204: ended, 404: problemSchema, ...refusals },
      },
    },
    async (request, reply) => {
      if (await endOne(request, request.params.id, 'ended_by_user')) return reply.code(204).send(null);
      throw sessionNotFound('You have no session with this id.');
    },
  );

  app.patch(
    '/sessions/:id',
    {
      onRequest: app.authenticate,
      schema: {
        summary: 'Give one of my devices another name',
        tags: ['sessions'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        body: Type.Object({ device_name: deviceNameSchema }, { additionalProperties: false }),
        response: { 200: listedSessionSchema, 400: problemSchema, 404: problemSchema, ...refusals },
      },
    },
    async (request) => {
      const { subject, clientId, sessionId } = request.auth;
      const deviceName = keptDeviceName(request.body.device_name);
      const renamed = await sessions.rename(subject, request.params.id, deviceName);
      if (renamed === undefined) throw sessionNotFound('You have no session with this id.');
      const origin = requestOrigin(request);
      audit.record({ event: 'session.renamed', subject, sessionId: renamed.id, clientId, ...origin });
      return listedSessionAnswer(renamed, sessionId);
    },
  );

  app.delete(
    '/sessions',
    {
      onRequest: app.authenticate,
      schema: {
        summary: 'Sign all devices out, or all but this one',
        tags: ['sessions'],
        querystring: Type.Object(
          { except: Type.Optional(Type.Literal('current')) },
          { additionalProperties: false },
        ),
        response: { 204: ended, 400: problemSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { subject, sessionId, clientId } = request.auth;
      const spared = request.query.except === 'current' ? sessionId : undefined;
      const ids = await sessions.endAll(subject, 'ended_all', spared);
      for (const id of ids) recordEnd(request, id, 'ended_all');
      const over = new Set(spared === undefined ? [...ids, sessionId] : ids);
      cookie.clear(reply, { clientId, isOver: (id) => over.has(id) });
      return reply.code(204).send(null);
    },
  );

  async function endOne(request: FastifyRequest, id: string, reason: EndReason): Promise<boolean> {
    const wasEnded = await sessions.end(request.auth.subject, id, reason);
    if (wasEnded) recordEnd(request, id, reason);
    return wasEnded;
  }

  function recordEnd(request: FastifyRequest, sessionId: string, reason: EndReason): void {
    audit.record({
      event: 'session.ended',
      subject: request.auth.subject,
      sessionId,
      clientId: request.auth.clientId,
      ...requestOrigin(request),
      details: { reason },
    });
  }
}
