import { createFetch, type Revocation } from '@latchkey/auth-client';
import type { FastifyBaseLogger } from 'fastify';
import { Counter, type Registry } from 'prom-client';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { Applications } from '../../clients/applications.ts';
import { subjectFor } from '../../clients/subject-identifier.ts';
import { createPoll } from '../../database/poll.ts';
import type { Database } from '../../database/schema.ts';
import type { SessionOfLogin } from '../../logins/login-store.ts';
import type { SessionStore } from '../../sessions/session-store.ts';
import type { LogoutTokenIssuer } from '../../tokens/logout-token.ts';
import {
  type Delivery,
  forgetDelivery,
  keepDeliveries,
  postponeDelivery,
  takeDueDeliveries,
} from './delivery-store.ts';

const pollMs = 1000;
/** An application that takes longer is asked again later. */
const timeoutMs = 5000;
/** Longer than an attempt, so that two replicas never deliver the same token at once. */
const leaseMs = 20_000;
const atOnce = 20;
/** Bounds the memory while a store is down: the newest wait. */
const maxWaiting = 10_000;
/** Postgres takes 65,535 parameters in one statement, and each delivery has five. */
const keptAtOnce = 1000;
const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** After this an application has to notice by itself: its tokens are refused anyway. */
export const giveUpMs = 15 * 60_000;

type Announced = Pick<Delivery, 'sessionId' | 'clientId' | 'subject'>;

export type LogoutDeliveriesOptions = {
  readonly db: Database;
  readonly applications: Pick<Applications, 'find' | 'all'>;
  readonly sessions: Pick<SessionStore, 'ownerOf' | 'isGone'>;
  readonly issueLogoutToken: LogoutTokenIssuer;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly registry: Registry;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

export type LogoutDeliveries = ReturnType<typeof createLogoutDeliveries>;

/**
 * Tells applications that a session of theirs has ended, for whatever reason (OpenID Connect Back-Channel Logout). Each
 * delivery is a row in Postgres until it is done, so it survives a replica that dies. A failed one is repeated after 1,
 * 2, 4 … 60 s, and given up after 15 min: counted, and in the audit log. While a store is down, or Redis may be without
 * its data, the newest 10,000 wait in memory; the others are counted as dropped.
 *
 * @example
 * const deliveries = createLogoutDeliveries({ db, applications, sessions, issueLogoutToken, audit, registry, log, clock });
 * revocations.log.onBatch(({ revocations }) => deliveries.onRevocations(revocations));
 * deliveries.start();
 */
export function createLogoutDeliveries(options: LogoutDeliveriesOptions) {
  const { db, applications, sessions, audit, log, clock } = options;
  const fetch = createFetch();
  const counter = new Counter({
    name: 'logout_tokens_total',
    help: 'Attempts to tell an application that a session has ended, by outcome',
    labelNames: ['outcome'],
    registers: [options.registry],
  });
  // So that the first one is seen to rise.
  for (const outcome of ['delivered', 'failed', 'given_up', 'dropped']) counter.inc({ outcome }, 0);
  /** Announced, and not in Postgres yet. */
  let unkept: Announced[] = [];
  /** On the log, and not looked up yet; or looked up while Redis may have been without its data. */
  let unknown: string[] = [];
  /** Whether some were dropped since both were empty. */
  let hasDropped = false;
  const poll = createPoll({
    everyMs: pollMs,
    task: async () => {
      // What is kept already goes out, too, while the store is down that the others need.
      const [keeping] = await Promise.allSettled([keep()]);
      await deliverDue();
      if (keeping.status === 'rejected') throw keeping.reason;
    },
    onFailed: (error) => log.warn({ err: error }, 'logout tokens could not be delivered; they are kept'),
  });

  return {
    start: (): void => poll.start(),

    stop: (): Promise<void> => poll.stop(),

    /**
     * Tells the applications of those sessions that had expired when their login ended: an application may still have a
     * session of its own. Those that ended with the login are on the log. While Postgres is down this waits in memory.
     */
    announce(sessionsOfLogins: readonly SessionOfLogin[]): void {
      const wanted = sessionsOfLogins.filter(
        ({ clientId, hasEnded }) => !hasEnded && logoutUriOf(clientId) !== undefined,
      );
      unkept = atMost([...unkept, ...wanted]);
    },

    /** Announces the sessions whose end is on the log. */
    onRevocations(revocations: readonly Revocation[]): void {
      if (applications.all.every(({ id }) => logoutUriOf(id) === undefined)) return;
      const ids = revocations.flatMap((revocation) => (revocation.kind === 'session' ? [revocation.id] : []));
      unknown = atMost([...unknown, ...ids]);
    },
  };

  async function keep(): Promise<void> {
    const ids = unknown.splice(0);
    const found: Announced[] = [];
    /** Looked up again in the next round. The others do not wait for them. */
    const uncertain: string[] = [];
    try {
      for (const sessionId of ids) {
        const owner = await sessions.ownerOf(sessionId);
        if (owner === undefined) {
          // Asked once in a round: it is the data of Redis that is uncertain, not this session.
          const isGone = uncertain.length === 0 && (await sessions.isGone(sessionId));
          if (!isGone) uncertain.push(sessionId);
        } else if (logoutUriOf(owner.clientId) !== undefined) found.push({ sessionId, ...owner });
      }
    } catch (error) {
      unknown = atMost([...ids, ...unknown]);
      throw error;
    }
    unknown = atMost([...uncertain, ...unknown]);
    unkept = atMost([...unkept, ...found]);
    while (unkept.length > 0) {
      const announced = unkept.splice(0, keptAtOnce);
      try {
        await keepDeliveries(db, announced, new Date(clock()));
      } catch (error) {
        unkept = atMost([...announced, ...unkept]);
        throw error;
      }
    }
    if (uncertain.length > 0) throw new Error('Redis may be without its data.');
    hasDropped = false;
  }

  function atMost<T>(waiting: readonly T[]): T[] {
    const dropped = waiting.length - maxWaiting;
    if (dropped > 0) {
      counter.inc({ outcome: 'dropped' }, dropped);
      if (!hasDropped)
        log.warn(
          { most: maxWaiting },
          'too many ended sessions wait for a store: applications will not be told of the oldest',
        );
      hasDropped = true;
    }
    return waiting.slice(-maxWaiting);
  }

  function logoutUriOf(clientId: string): string | undefined {
    const client = applications.find(clientId);
    return client?.kind === 'application' ? (client.backchannelLogoutUri ?? undefined) : undefined;
  }

  async function deliverDue(): Promise<void> {
    const now = clock();
    const due = await takeDueDeliveries(db, {
      now: new Date(now),
      until: new Date(now + leaseMs),
      latest: new Date(now + longestPauseMs),
      most: atOnce,
    });
    await Promise.all(due.map(deliver));
  }

  async function deliver(delivery: Delivery): Promise<void> {
    const { sessionId, clientId, subject, attempts, since } = delivery;
    const uri = logoutUriOf(clientId);
    if (uri === undefined) return forgetDelivery(db, sessionId);
    const known = subjectFor(applications.find(clientId), subject);
    const token = await options.issueLogoutToken({ sessionId, clientId, subject: known });
    const fault = await faultOf(uri, token);
    counter.inc({ outcome: fault === undefined ? 'delivered' : 'failed' });
    if (fault === undefined) return forgetDelivery(db, sessionId);
    const now = clock();
    const pauseMs = Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs);
    if (now + pauseMs < since.getTime() + giveUpMs)
      return postponeDelivery(db, sessionId, new Date(now + pauseMs));
    counter.inc({ outcome: 'given_up' });
    audit.record({ event: 'logout.undelivered', subject, sessionId, clientId, details: { attempts, fault } });
    log.warn({ client: clientId, attempts, fault }, 'an application was not told of an ended session');
    return forgetDelivery(db, sessionId);
  }

  /** Sends a logout token; returns what went wrong. A redirect is no success: it could lead anywhere. */
  async function faultOf(uri: string, token: string): Promise<string | undefined> {
    try {
      const response = await fetch(uri, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: token }),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `status ${response.status}`;
    } catch (error) {
      return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'no connection';
    }
  }
}
