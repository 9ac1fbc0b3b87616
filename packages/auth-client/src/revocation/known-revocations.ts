import type { KeySet } from '../key-set/key-set.ts';
import { AuthClientOptionsError } from '../option-checks.ts';
import { type CheckedOptions, isRevocationList } from '../options.ts';
import type { Revocation } from './revocation.ts';
import type { RevocationList } from './revocation-list.ts';

/** `app.authClient.revocations`: what this service knows of what has been revoked. Live: read it when it is needed. */
export interface RevocationState {
  /** Seconds since the knowledge was last complete; Infinity before the first time. */
  readonly lagSeconds: number;
  /** How many revocations are held. */
  readonly entries: number;
  /** How often the line to the feed was lost and opened again. */
  readonly reconnects: number;
  /** How many of the feed's events were refused. */
  readonly refusedEvents: number;
}

/** What the service learns of revocations, from wherever its options say. */
export interface KnownRevocations {
  readonly list: RevocationList;
  /** Where a route does not say. */
  readonly maxLagSeconds: number | null;
  readonly state: RevocationState;
  /** Stops learning. */
  close(): void;
}

/** A key's tokens die by the list at once; this long after, the keys are fetched once more. */
const secondFetchMs = 1000;

/** Starts to learn what has been revoked; null if nobody tells this service. */
export function learnRevocations(
  { revocations }: CheckedOptions,
  { keySet }: { keySet: KeySet },
): KnownRevocations | null {
  if (revocations === null) return null;
  if (!isRevocationList(revocations))
    throw new AuthClientOptionsError(['revocations: the feed cannot be followed yet']);
  const list = revocations;
  const stopFetching = fetchKeysWhenOneIsRevoked(list, keySet);
  return {
    list,
    maxLagSeconds: null,
    state: {
      get lagSeconds() {
        return list.lagSeconds;
      },
      get entries() {
        return list.size;
      },
      reconnects: 0,
      refusedEvents: 0,
    },
    close: stopFetching,
  };
}

/**
 * Where a key was revoked, another one signs, which may be a new one: the keys are fetched at once, so that its tokens
 * are not refused for as long as the cooldown for unknown keys lasts. And again a second later, because whoever answered
 * at once may not have heard of it yet.
 */
function fetchKeysWhenOneIsRevoked(list: RevocationList, keySet: KeySet): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stopListening = list.onRevoked(({ kind }: Revocation) => {
    if (kind !== 'key') return;
    void keySet.refresh();
    clearTimeout(timer);
    timer = setTimeout(() => void keySet.refresh(), secondFetchMs).unref();
  });
  return () => {
    stopListening();
    clearTimeout(timer);
  };
}
