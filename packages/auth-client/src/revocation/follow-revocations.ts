import { KeySet } from '../key-set/key-set.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { createFetch } from '../runtime/fetch.ts';
import { checkRuntime } from '../runtime/node-version.ts';
import {
  AuthClientOptionsError,
  faultsOfFetchAndClock,
  faultsOfNames,
  faultsOfNumbers,
  isHttpUrl,
} from '../runtime/option-checks.ts';
import type { AccessTokenSource } from './access-token-source.ts';
import type { RevocationList } from './revocation-list.ts';
import { type FeedReports, type RevocationFollower, subscribe } from './subscribe.ts';

export interface FollowRevocationsOptions extends FeedReports {
  /** `iss` of the events: the issuer's identifier, a URL. Compared as a string. */
  issuer: string;
  /** Where the issuer publishes its keys. */
  jwksUri: string;
  /** Where the feed is. `http:` only on a network you trust, as for the keys. */
  uri: string;
  /** Returns a token that may read the feed; called whenever the feed is opened. See createClientCredentials. */
  accessToken: AccessTokenSource;
  /** How long fetching the keys may take. Default 5000. */
  jwksTimeoutMs?: number;
  /** How long the keys stay good while they cannot be fetched. Default 3600. */
  jwksMaxStaleSeconds?: number;
  /** Default one of createFetch. */
  fetch?: typeof globalThis.fetch;
  /** Default the system's clocks. Only the monotonic one is used. */
  clock?: Clock;
}

const numbers = {
  jwksTimeoutMs: { standard: 5000, min: 1, max: 60_000 },
  jwksMaxStaleSeconds: { standard: 3600, min: 1, max: 604_800 },
} as const;
const functions = ['accessToken', 'onLost', 'onFollowing', 'onRefused', 'onSilent'] as const;
const known = new Set(['issuer', 'jwksUri', 'uri', 'fetch', 'clock', ...functions, ...Object.keys(numbers)]);

/**
 * Follows the issuer's feed of revocations and puts them into the list, until it is closed. `authClient` does this by
 * itself; use this function to get revocations without verifying access tokens.
 *
 * Does not throw after the start, and never gives up. While the feed is away, the list's `lagSeconds` grows; the feed
 * is found again within 2 s of its return.
 *
 * @throws AuthClientOptionsError
 * @example
 * const list = createRevocationList({ retentionSeconds: 330 })
 * list.onRevoked(({ kind, reason }) => console.log(kind, reason))
 * const follower = followRevocations(list, { issuer, jwksUri, uri, accessToken })
 */
export function followRevocations(
  list: RevocationList,
  options: FollowRevocationsOptions,
): RevocationFollower {
  checkRuntime();
  const given: Record<string, unknown> = { ...options };
  const faults = [
    ...faultsOfNames(given, known),
    ...['issuer', 'jwksUri', 'uri'].flatMap((name) =>
      isHttpUrl(given[name]) ? [] : [`${name} must be an http(s) URL`],
    ),
    ...functions.flatMap((name) => {
      const isLeftOut = given[name] === undefined && name !== 'accessToken';
      return isLeftOut || typeof given[name] === 'function' ? [] : [`${name} must be a function`];
    }),
    ...faultsOfNumbers(given, numbers),
    ...faultsOfFetchAndClock(given),
  ];
  if (faults.length > 0) throw new AuthClientOptionsError(faults, 'revocations cannot be followed');
  const { issuer, jwksUri, uri, accessToken, onLost, onFollowing, onRefused, onSilent } = options;
  const { clock = systemClock, fetch = createFetch() } = options;
  const keySet = new KeySet({
    jwksUri,
    fetch,
    clock,
    timeoutMs: options.jwksTimeoutMs ?? numbers.jwksTimeoutMs.standard,
    cooldownSeconds: 1,
    maxStaleSeconds: options.jwksMaxStaleSeconds ?? numbers.jwksMaxStaleSeconds.standard,
  });
  const reports = { onLost, onFollowing, onRefused, onSilent };
  const follower = subscribe(list, { issuer, uri, accessToken, keySet, fetch, clock, ...reports });
  const unsubscribe = list.onRevoked(({ kind }) => {
    if (kind === 'key') keySet.renew();
  });
  return {
    close() {
      unsubscribe();
      follower.close();
      keySet.close();
    },
    get reconnects() {
      return follower.reconnects;
    },
    get refusedEvents() {
      return follower.refusedEvents;
    },
    get isSilent() {
      return follower.isSilent;
    },
  };
}
