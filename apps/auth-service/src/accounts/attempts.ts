import type { RedisClient } from '../redis/client.ts';
import { attemptsKey, familiarNetworkKey, refusalReportedKey } from '../redis/key-names.ts';
import { orUnavailable } from '../redis/or-unavailable.ts';
import { loadScript } from '../redis/script.ts';
import {
  type AttemptLimit,
  authorizationLimit,
  clientRegistrationLimit,
  familiarForMs,
  forgivenessMs,
  nameAndNetworkLimit,
  networkLimit,
  registrationLimit,
  reportRefusalsEveryMs,
  unfamiliarNetworksLimit,
} from './attempt-limits.ts';
import { networkOf, unknownNetwork } from './network.ts';
import type { Pseudonyms } from './pseudonyms.ts';

const script = (file: string) => new URL(`./scripts/${file}`, import.meta.url);
const chargeAttempt = loadScript<[number, number, number]>('chargeAttempt', [script('charge-attempt.lua')]);
const forgiveAttempt = loadScript<null>('forgiveAttempt', [script('forgive-attempt.lua')]);

/**
 * After Redis did not answer, requests fail at once for this time. Otherwise a queue of sign-ins could wait minutes.
 */
const restAfterFailureMs = 500;

export type AttemptsOptions = {
  readonly redis: RedisClient;
  readonly pseudonyms: Pseudonyms;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** A pending attempt. It counts as failed until it is forgiven. */
export type SignInAttempt = {
  readonly familiarKey: string;
  readonly charged: readonly { readonly key: string; readonly limit: AttemptLimit }[];
};

export type Admission =
  | { readonly admitted: true; readonly attempt: SignInAttempt }
  | {
      readonly admitted: false;
      readonly retryAfterMs: number;
      /** Whether the audit log should record this refusal, because none was recorded recently. */
      readonly isNews: boolean;
    };

export type Attempts = ReturnType<typeof createAttempts>;

/**
 * Limits on guessing, shared by all replicas, in Redis. A stranger cannot lock a person out with them: in a network
 * where the person signed in within the last 30 days, only failures for that name from that network count. (Somebody in
 * the same network, for example behind the same IPv4 address, can still use up those ten.)
 *
 * Senders with an unknown network do not count as one network: limits by network alone do not apply to them, and no
 * name is familiar there. The limits by name apply.
 *
 * Redis holds names and networks only as pseudonyms, and every key expires. Unknown names are limited like known ones.
 *
 * Rejects with ProblemError 503 when Redis does not answer, because no guess may go uncounted.
 *
 * @example
 * const admission = await attempts.admitSignIn({ username: 'alice', address: '192.0.2.7' });
 */
export function createAttempts({ redis, pseudonyms, clock }: AttemptsOptions) {
  let restUntil = 0;

  return {
    /**
     * Counts an attempt as failed before it is made, and returns whether it may be made. The name must be normalised.
     */
    async admitSignIn(from: { username: string; address: string | undefined }): Promise<Admission> {
      const username = pseudonyms.username(from.username);
      const isKnown = networkOf(from.address) !== unknownNetwork;
      const network = pseudonyms.network(networkOf(from.address));
      const limits = [
        {
          key: attemptsKey('name-and-network', username, network),
          limit: nameAndNetworkLimit,
          exemptsFamiliar: false,
        },
        ...(isKnown
          ? [{ key: attemptsKey('network', network), limit: networkLimit, exemptsFamiliar: true }]
          : []),
        {
          key: attemptsKey('name', username),
          limit: unfamiliarNetworksLimit,
          exemptsFamiliar: isKnown,
        },
      ];
      const familiarKey = familiarNetworkKey(username, network);
      const [waitMs, isFamiliar, isNews] = await charge(limits, [
        familiarKey,
        refusalReportedKey(username, network),
      ]);
      if (waitMs > 0) return { admitted: false, retryAfterMs: waitMs, isNews: isNews === 1 };
      const charged = limits.filter(({ exemptsFamiliar }) => isFamiliar === 0 || !exemptsFamiliar);
      return { admitted: true, attempt: { familiarKey, charged } };
    },

    /** After a success: clears the failures of this name in this network, and marks the network as familiar. */
    async forgive({ familiarKey, charged }: SignInAttempt): Promise<void> {
      // Of the wider limits, only this attempt is forgiven. Else a guesser could reset them with their own account.
      const amounts = charged.map(({ limit }) => (limit === nameAndNetworkLimit ? 0 : forgivenessMs(limit)));
      await giveBack(charged, { amounts, familiarKeys: [familiarKey] });
    },

    /** After an error of ours: uncounts the attempt. */
    async abandon({ charged }: SignInAttempt): Promise<void> {
      await giveBack(charged, {
        amounts: charged.map(({ limit }) => forgivenessMs(limit)),
        familiarKeys: [],
      });
    },

    /** Counts a registration. Returns 0 if it is allowed, otherwise how long to wait, in milliseconds. */
    admitRegistration: (address: string | undefined): Promise<number> =>
      admit('registration', registrationLimit, address),

    /** Counts an authorization request that we have to keep, likewise: anybody can send one. */
    admitAuthorization: (address: string | undefined): Promise<number> =>
      admit('authorization', authorizationLimit, address),

    /** Counts an application that registers itself, likewise. */
    admitClient: (address: string | undefined): Promise<number> =>
      admit('client', clientRegistrationLimit, address),

    /** Marks the network of a registration as familiar for the new account. */
    async welcome(from: { username: string; address: string | undefined }): Promise<void> {
      const network = pseudonyms.network(networkOf(from.address));
      const familiarKey = familiarNetworkKey(pseudonyms.username(from.username), network);
      await giveBack([], { amounts: [], familiarKeys: [familiarKey] });
    },
  };

  async function admit(what: string, limit: AttemptLimit, address: string | undefined): Promise<number> {
    if (networkOf(address) === unknownNetwork) return 0;
    const key = attemptsKey(what, pseudonyms.network(networkOf(address)));
    const [waitMs] = await charge([{ key, limit, exemptsFamiliar: false }], []);
    return waitMs;
  }

  function charge(
    limits: readonly { key: string; limit: AttemptLimit; exemptsFamiliar: boolean }[],
    marks: readonly string[],
  ): Promise<[number, number, number]> {
    const keys = [...limits.map(({ key }) => key), ...marks];
    const args = limits.flatMap(({ limit, exemptsFamiliar }) => [
      limit.most,
      limit.windowMs,
      exemptsFamiliar ? 1 : 0,
    ]);
    return ask(() => chargeAttempt(redis, keys, [clock(), limits.length, reportRefusalsEveryMs, ...args]));
  }

  async function giveBack(
    charged: SignInAttempt['charged'],
    how: { readonly amounts: readonly number[]; readonly familiarKeys: readonly string[] },
  ): Promise<void> {
    const keys = [...charged.map(({ key }) => key), ...how.familiarKeys];
    const args = [charged.length, clock() + familiarForMs, familiarForMs, ...how.amounts];
    await ask(() => forgiveAttempt(redis, keys, args));
  }

  async function ask<T>(operation: () => Promise<T>): Promise<T> {
    if (performance.now() < restUntil)
      return orUnavailable(Promise.reject(new Error('Redis did not answer just now.')));
    try {
      return await orUnavailable(operation());
    } catch (error) {
      restUntil = performance.now() + restAfterFailureMs;
      throw error;
    }
  }
}
