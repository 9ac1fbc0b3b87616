import type { FastifyBaseLogger } from 'fastify';
import type { KeySet } from '../key-set/key-set.ts';
import { FeedSilentError } from '../revocation/feed-silence.ts';
import { createRevocationList, type RevocationList } from '../revocation/revocation-list.ts';
import { type RevocationFollower, subscribe } from '../revocation/subscribe.ts';
import { type CheckedOptions, feedOf, isRevocationList, type RevocationFeed } from './options.ts';

/** `app.authClient.revocations`: what this service knows of what has been revoked. Live: read it when it is needed. */
export interface RevocationState {
  /** Seconds since the knowledge was last complete; Infinity before the first time. */
  readonly lagSeconds: number;
  /** How many revocations are held. */
  readonly entries: number;
  /** How often the feed has been opened, or tried to be, after the first time. */
  readonly reconnects: number;
  /** How many of the feed's events were refused. */
  readonly refusedEvents: number;
  /** Whether the feed is asked and does not come: something in between buffers, most likely. */
  readonly isSilent: boolean;
}

/** What the service learns of revocations, from wherever its options say. */
export interface KnownRevocations {
  readonly list: RevocationList;
  /** Where a route does not say. */
  readonly maxLagSeconds: number | null;
  readonly state: RevocationState;
  /** Resolves when the list is complete for the first time. @throws FeedSilentError while the feed is silent before that */
  ready(): Promise<void>;
  /** Stops learning. */
  close(): void;
}

interface Surroundings {
  /** Where security events are verified too, if there is a feed. */
  keySet: KeySet;
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
}

/** Starts to learn what has been revoked; null if nobody tells this service. */
export function learnRevocations(
  options: CheckedOptions,
  surroundings: Surroundings,
): KnownRevocations | null {
  const { revocations: source } = options;
  if (source === null) return null;
  const feed = feedOf(options);
  const list = isRevocationList(source) ? source : newList(options);
  // Its tokens die by the list. But another key signs now, and its tokens are not to wait for a cooldown.
  const stopListening = list.onRevoked(({ kind }) => {
    if (kind === 'key') surroundings.keySet.renew();
  });
  const follower = feed && follow(feed, { list, options, surroundings });
  return {
    list,
    maxLagSeconds: feed?.maxLagSeconds ?? null,
    state: {
      get lagSeconds() {
        return list.lagSeconds;
      },
      get entries() {
        return list.size;
      },
      get reconnects() {
        return follower?.reconnects ?? 0;
      },
      get refusedEvents() {
        return follower?.refusedEvents ?? 0;
      },
      get isSilent() {
        return follower?.isSilent ?? false;
      },
    },
    async ready() {
      if (!list.hasBeenComplete && follower?.isSilent) throw new FeedSilentError();
      await list.ready();
    },
    close() {
      stopListening();
      follower?.close();
    },
  };
}

/** A token can be good for its lifetime after it was revoked, and for as much longer as our clock is behind. */
function newList({ maxTokenLifetimeSeconds, clockSkewSeconds, clock }: CheckedOptions): RevocationList {
  return createRevocationList({ retentionSeconds: maxTokenLifetimeSeconds + clockSkewSeconds, clock });
}

function follow(
  { uri, accessToken }: RevocationFeed,
  {
    list,
    options: { issuer, fetch, clock },
    surroundings: { keySet, log },
  }: { list: RevocationList; options: CheckedOptions; surroundings: Surroundings },
): RevocationFollower {
  return subscribe(list, {
    issuer,
    uri,
    accessToken,
    keySet,
    fetch,
    clock,
    onLost: (error) => log.warn({ err: error }, 'the feed of revocations cannot be followed'),
    onFollowing: () => log.info('the feed of revocations is followed again'),
    onSilent: (error) => log.warn({ code: error.code }, error.message),
    onRefused: (reason) => log.warn({ reason }, 'an event of the feed of revocations was refused'),
  });
}
