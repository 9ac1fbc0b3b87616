import type { FastifyBaseLogger } from 'fastify';
import type { KeySet } from '../key-set/key-set.ts';
import { FeedSilentError } from '../revocation/feed-silence.ts';
import { createRevocationList, type RevocationList } from '../revocation/revocation-list.ts';
import { type RevocationFollower, subscribe } from '../revocation/subscribe.ts';
import { type CheckedOptions, feedOf, isRevocationList, type RevocationFeed } from './options.ts';

/** `app.authClient.revocations`: the state of this service's revocation list. Live: read it when you need it. */
export type RevocationState = {
  /** Seconds since the list was last complete; Infinity before the first time. */
  readonly lagSeconds: number;
  /** How many revocations are held. */
  readonly entries: number;
  /** How often the feed was opened again; failed attempts count. */
  readonly reconnects: number;
  /** How many of the feed's events were refused. */
  readonly refusedEvents: number;
  /** Whether the feed was requested but sends nothing: most likely something in between buffers it. */
  readonly isSilent: boolean;
};

/** The service's revocation list and its source, as its options say. */
export type KnownRevocations = {
  readonly list: RevocationList;
  /** The limit for routes that set none; null: no limit. */
  readonly maxLagSeconds: number | null;
  readonly state: RevocationState;
  /**
   * Resolves when the list is complete for the first time.
   * @throws FeedSilentError while the feed is silent before that
   */
  ready(): Promise<void>;
  /** Stops following the source. */
  close(): void;
};

type LearningContext = {
  /** Verifies the security events too, if there is a feed. */
  keySet: KeySet;
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
};

/** Starts to follow the source of revocations; null if the options name none. */
export function learnRevocations(options: CheckedOptions, context: LearningContext): KnownRevocations | null {
  const { revocations: source } = options;
  if (source === null) return null;
  const feed = feedOf(options);
  const list = isRevocationList(source) ? source : newList(options);
  // The list refuses the revoked key's tokens. Tokens of the key that signs now must not wait for the cooldown.
  const stopListening = list.onRevoked(({ kind }) => {
    if (kind === 'key') context.keySet.renew();
  });
  const follower = feed && follow(feed, { list, options, context });
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

/** A revoked token would still pass for its lifetime, plus the time that our clock is behind. */
function newList({ maxTokenLifetimeSeconds, clockSkewSeconds, clock }: CheckedOptions): RevocationList {
  return createRevocationList({ retentionSeconds: maxTokenLifetimeSeconds + clockSkewSeconds, clock });
}

function follow(
  { uri, accessToken }: RevocationFeed,
  {
    list,
    options: { issuer, fetch, clock },
    context: { keySet, log },
  }: { list: RevocationList; options: CheckedOptions; context: LearningContext },
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
