import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Origin } from '../../audit/audit-event.ts';
import type { AuditLog } from '../../audit/audit-log.ts';
import { requestOrigin } from '../../audit/request-origin.ts';
import type { Login, LoginStore } from '../../logins/login-store.ts';
import type { OwnCookies } from '../../logins/own-cookies.ts';
import type { LogoutDeliveries } from './logout-deliveries.ts';

export type LoginEndParts = {
  readonly logins: Pick<LoginStore, 'use' | 'end'>;
  readonly deliveries: Pick<LogoutDeliveries, 'announce'>;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly cookies: OwnCookies;
};

export type LoginEnd = ReturnType<typeof createLoginEnd>;

/** Ends logins because somebody signed out. */
export function createLoginEnd({ logins, deliveries, audit, cookies }: LoginEndParts) {
  return {
    end,

    /** Ends the login of the browser that sent this request, if it is the person's of the request's token. */
    async endOfBrowser(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const id = cookies.loginOf(request);
      const login = id === undefined ? undefined : await logins.use(id);
      if (login === undefined || login.subject !== request.auth.subject) return;
      await end(login, requestOrigin(request));
      cookies.clearLogin(reply);
    },
  };

  /** Ends a login and every session that began with it, and tells their applications. */
  async function end(login: Login, origin: Origin): Promise<void> {
    const reason = 'sign_out';
    const ended = await logins.end(login, reason);
    deliveries.announce(ended);
    for (const { sessionId, clientId, subject, hasEnded } of ended) {
      if (!hasEnded) continue;
      const of = { subject, sessionId, clientId, ...origin };
      audit.record({ event: 'session.ended', ...of, details: { reason } });
    }
  }
}
