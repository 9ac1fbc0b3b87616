import { signedOut } from './errors.ts';
import type { Platform } from './platform.ts';
import type { Renewal } from './renewal.ts';
import type { RenewalSchedule } from './renewal-schedule.ts';
import type { SignedInFact } from './session-fact.ts';
import type { SessionStore } from './session-store.ts';

/** A token in the last part of its life (this share, at most 5 s) might expire on the way, so it is renewed first. */
const margin = { share: 0.1, maxMs: 5_000 };

export type CurrentToken = {
  /**
   * The token to send now. A token that is due is renewed in the background; an expired one is renewed first.
   *
   * @throws {SessionError} `signed_out`, or why there is no token at the moment
   */
  get(): Promise<SignedInFact>;
  /**
   * The successor of a token that a service has refused; undefined if the session has ended.
   *
   * @throws {SessionError} why there is no token at the moment
   */
  after(refused: SignedInFact, reason: string | null): Promise<SignedInFact | undefined>;
};

export type CurrentTokenParts = {
  readonly store: SessionStore;
  readonly platform: Platform;
  readonly renewal: Pick<Renewal, 'renew'>;
  readonly schedule: Pick<RenewalSchedule, 'isDue'>;
  readonly restore: () => Promise<unknown>;
};

export function createCurrentToken(parts: CurrentTokenParts): CurrentToken {
  const { store, platform, renewal, schedule } = parts;

  function held(): SignedInFact {
    const fact = store.fact();
    if (fact?.kind === 'signed_in') return fact;
    throw signedOut(fact?.reason);
  }

  return {
    async get() {
      if (store.fact() === undefined) await parts.restore();
      const fact = held();
      const marginMs = Math.min(fact.lifetimeMs * margin.share, margin.maxMs);
      if (platform.now() < fact.expiresAtMs - marginMs) {
        if (schedule.isDue()) renewal.renew().catch(() => {});
        return fact;
      }
      try {
        await renewal.renew();
      } catch (error) {
        // The token is still valid for a few seconds, so use it.
        if (platform.now() >= fact.expiresAtMs) throw error;
      }
      return held();
    },

    async after(refused, reason) {
      if (isHeld(refused)) await renewal.renew(reason);
      const fact = store.fact();
      return fact?.kind === 'signed_in' ? fact : undefined;
    },
  };

  /** False if another tab or another request has already renewed the token. */
  function isHeld({ accessToken }: SignedInFact): boolean {
    const fact = store.fact();
    return fact?.kind === 'signed_in' && fact.accessToken === accessToken;
  }
}
