import { setTimeout as delay } from 'node:timers/promises';
import type { Revocation } from '@latchkey/auth-client';
import type { FastifyBaseLogger } from 'fastify';
import type { PublishableRevocation } from '../revocation/log/revocation.ts';
import { type EndReason, endsOfLogins } from './session.ts';
import type { SessionStore } from './session-store.ts';

const maxAttempts = 30;
const retryMs = 1_000;
/** How many are repeated at once. After a long outage there may be 90,000, at a Redis that has just come back. */
const atOnce = 50;

export type LostRevocationsOptions = {
  readonly sessions: Pick<SessionStore, 'ownerOf' | 'end' | 'changeRoles'>;
  /** As `sessions.end`, together with the login that the session began with. */
  readonly endWithLogin: SessionStore['end'];
  readonly publish: (revocation: PublishableRevocation) => Promise<void>;
  /** The roles that this person's account has now; undefined if there is no account. */
  readonly rolesOf: (
    subject: string,
  ) => Promise<{ readonly roles: readonly string[]; readonly rolesVersion: number } | undefined>;
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>;
};

/**
 * Repeats revocations that Redis acknowledged and then lost in a failover, together with what belonged to them: a session
 * is ended again, a change of roles is made again. All replicas that had heard of one repeat it, which changes nothing
 * after the first.
 *
 * Tries for half a minute while the store is unavailable. What fails then is logged as an error.
 *
 * @example
 * const lost = createLostRevocations({ sessions, endWithLogin, publish, rolesOf, log: app.log });
 * revocations.log.onLost(lost.repeat);
 */
export function createLostRevocations(options: LostRevocationsOptions) {
  const { sessions, publish, rolesOf, log } = options;
  const stopping = new AbortController();

  return {
    /** Returns at once. */
    repeat(revocations: readonly Revocation[]): void {
      log.warn(
        { revocations: revocations.length },
        'Redis has lost revocations in a failover: they are repeated',
      );
      const left = revocations.values();
      for (let worker = 0; worker < atOnce; worker += 1) void persistAll(left);
    },
    stop(): void {
      stopping.abort();
    },
  };

  /** Shares the iterator with others. */
  async function persistAll(left: Iterable<Revocation>): Promise<void> {
    for (const revocation of left) await persist(revocation);
  }

  async function persist(revocation: Revocation): Promise<void> {
    for (let attempt = 1; !stopping.signal.aborted; attempt += 1) {
      try {
        return await repeatOne(revocation);
      } catch (error) {
        if (attempt === maxAttempts)
          return log.error({ err: error, revocation }, 'a lost revocation stays lost');
        await delay(retryMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
      }
    }
  }

  async function repeatOne(revocation: Revocation): Promise<void> {
    // A new data set has made its own.
    if (revocation.kind === 'all') return;
    if (revocation.kind === 'session') {
      const owner = await sessions.ownerOf(revocation.id);
      // Without a record there is nothing to refresh, but there may be access tokens.
      if (owner !== undefined) {
        const end = endsOfLogins.has(revocation.reason) ? options.endWithLogin : sessions.end;
        return void (await end(owner.subject, revocation.id, revocation.reason as EndReason));
      }
    }
    if (revocation.kind === 'subject') {
      const account = await rolesOf(revocation.id);
      if (account !== undefined) await sessions.changeRoles(revocation.id, account);
    }
    await publish(revocation);
  }
}
