import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { requestOrigin } from '../audit/request-origin.ts';
import type { ClientDirectory } from '../clients/clients.ts';
import type { SignOutElsewhere } from '../sessions/elsewhere.ts';
import { type EndReason, endsOfOthers } from '../sessions/session.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { findLogin } from './find-login.ts';
import type { Login, LoginStore, SessionOfLogin } from './login-store.ts';
import type { OwnCookies } from './own-cookies.ts';

export type LoginEndParts = {
  readonly logins: Pick<LoginStore, 'use' | 'end' | 'endAlone' | 'endElsewhere' | 'ofSession'>;
  readonly sessions: Pick<SessionStore, 'find' | 'end' | 'endElsewhere'>;
  readonly clients: ClientDirectory;
  /** Tells applications that these sessions have ended. */
  readonly announce: (ended: readonly SessionOfLogin[]) => void;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly cookies: OwnCookies;
};

export type LoginEnd = ReturnType<typeof createLoginEnd>;

/** Ends logins because somebody signed out, or was signed out. */
export function createLoginEnd(parts: LoginEndParts) {
  const { logins, sessions, clients, announce, audit, cookies } = parts;

  return {
    /** Ends a login and every session that began with it, and tells their applications. */
    async end(login: Login, origin: Origin): Promise<void> {
      record(await endWith(login, 'sign_out'), { reason: 'sign_out' }, origin);
    },

    /** Ends the login of the browser that sent this request, if it is the person's of the request's token. */
    async endOfBrowser(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const isTheirs = ({ subject }: Login) => subject === request.auth.subject;
      const login = await findLogin(logins, cookies.loginsOf(request), isTheirs);
      if (login === undefined) return;
      record(await endWith(login, 'sign_out'), { reason: 'sign_out' }, requestOrigin(request));
      cookies.clearLogin(reply);
    },

    /** Ends what began with a sign-in at a provider, because the person has signed out there. */
    async endElsewhere(subject: string, signOut: SignOutElsewhere, origin: Origin): Promise<void> {
      const reason = 'signed_out_at_provider';
      const ofLogins = await logins.endElsewhere(subject, signOut, reason);
      // A session outlives its login, and ends all the same.
      const others = await sessions.endElsewhere(subject, signOut, reason);
      const ended = [...ofLogins, ...others.map((session) => ({ ...session, subject, hasEnded: true }))];
      announce(ended);
      record(ended, { reason, provider: signOut.provider }, origin);
    },

    /**
     * Ends a session as the store does. A page's session takes the login with it that it began with: otherwise whoever
     * has that browser could start the next one without a password. One that has ended before takes nothing along: the
     * login may have begun another since.
     */
    async endSession(subject: string, sessionId: string, reason: EndReason): Promise<boolean> {
      const begun = await logins.ofSession(subject, sessionId);
      const isOfPage = begun !== undefined && clients.find(begun.clientId)?.kind === 'browser';
      if (!isOfPage || (await sessions.find(subject, sessionId)) === undefined)
        return sessions.end(subject, sessionId, reason);
      if (endsOfOthers.has(reason)) {
        // The session that was spared may have begun with the same login.
        announce(await logins.endAlone(begun.login));
        return sessions.end(subject, sessionId, reason);
      }
      const ended = await endWith(begun.login, reason);
      // The caller records the session itself.
      const others = ended.filter((session) => session.sessionId !== sessionId);
      record(others, { reason }, {});
      const isEnded = ended.some((session) => session.sessionId === sessionId && session.hasEnded);
      return isEnded || sessions.end(subject, sessionId, reason);
    },
  };

  async function endWith(
    login: Pick<Login, 'subject' | 'digest'>,
    reason: EndReason,
  ): Promise<readonly SessionOfLogin[]> {
    const ended = await logins.end(login, reason);
    announce(ended);
    return ended;
  }

  function record(
    ended: readonly SessionOfLogin[],
    details: { readonly reason: EndReason; readonly provider?: string },
    origin: Origin,
  ): void {
    for (const { sessionId, clientId, subject, hasEnded } of ended) {
      if (!hasEnded) continue;
      const of = { subject, sessionId, clientId, ...origin };
      audit.record({ event: 'session.ended', ...of, details });
    }
  }
}
