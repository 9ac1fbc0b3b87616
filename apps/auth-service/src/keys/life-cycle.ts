/**
 * The rules of a signing key's life: next (published, not signing) → active → retiring (published, not signing) →
 * gone. Whoever revokes a key sends it from any state to the last. Pure: times come in, in milliseconds since the epoch.
 */

export type KeyState = 'next' | 'active' | 'retiring' | 'gone';

export type KeyTimes = {
  readonly kid: string;
  readonly publishedAt: number;
  readonly activatedAt: number | null;
  readonly retiredAt: number | null;
  readonly removedAt: number | null;
};

export type RotationPolicy = {
  /** How long a consumer may go on with a set that it has fetched (Cache-Control of the key set). */
  readonly jwksMaxAgeSeconds: number;
  /** What replicas' clocks may differ by, and the time that they take to see each other's changes, together. */
  readonly skewSeconds: number;
  /** The longest lifetime of an access token. */
  readonly tokenSeconds: number;
  /** How long a key signs. */
  readonly rotationDays: number;
};

export type KeyAction =
  /** Make a key and publish it; it waits as the next one. */
  | { readonly type: 'publish' }
  /** Make a key where there is none, and sign with it at once. */
  | { readonly type: 'bootstrap' }
  /** Sign with this key from now on; the active one retires. */
  | { readonly type: 'activate'; readonly kid: string }
  /** Take this key out of the set. */
  | { readonly type: 'remove'; readonly kid: string }
  /** Take this key out of the set, whatever it has signed, and erase its private half. */
  | { readonly type: 'revoke'; readonly kid: string };

export type RotationPlan = {
  readonly actions: readonly KeyAction[];
  /** When a command came too early: when it would be carried out. */
  readonly refusedUntil?: number;
};

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

export function stateOf(key: KeyTimes): KeyState {
  if (key.removedAt !== null) return 'gone';
  if (key.retiredAt !== null) return 'retiring';
  return key.activatedAt === null ? 'next' : 'active';
}

/**
 * From when a published key may sign: when nobody can still hold a set without it. The last such set was fetched just
 * before the last replica heard of the key, and is kept for its max-age.
 */
export function mayActivateAt(key: KeyTimes, policy: RotationPolicy): number {
  return key.publishedAt + (policy.jwksMaxAgeSeconds + policy.skewSeconds) * SECOND_MS;
}

/** From when a retired key may leave the set: when the last token that it signed has expired, at every replica. */
export function mayRemoveAt(key: KeyTimes, policy: RotationPolicy): number {
  return (key.retiredAt ?? Number.POSITIVE_INFINITY) + (policy.tokenSeconds + policy.skewSeconds) * SECOND_MS;
}

/**
 * Says what is due, by schedule or (`commanded`) because somebody asked to rotate now.
 *
 * A next key is always waiting: it is published the moment that the one before it becomes active. So a rotation can
 * happen without delay when it has to, and a replica that is cut off from Postgres for a while still publishes the
 * key that the others will sign with.
 *
 * The very first key signs at once: no set has been served yet, so nobody can hold one without it.
 *
 * @example
 * planRotation({ keys: [], now, policy }).actions; // [{ type: 'bootstrap' }, { type: 'publish' }]
 */
export function planRotation(situation: {
  /** All keys that are not gone; others are ignored. */
  readonly keys: readonly KeyTimes[];
  readonly now: number;
  readonly policy: RotationPolicy;
  readonly commanded?: boolean;
}): RotationPlan {
  const { now, policy, commanded = false } = situation;
  const keys = situation.keys.filter((key) => stateOf(key) !== 'gone');
  if (keys.length === 0) return { actions: [{ type: 'bootstrap' }, { type: 'publish' }] };

  const removals: KeyAction[] = keys
    .filter((key) => stateOf(key) === 'retiring' && now >= mayRemoveAt(key, policy))
    .map(({ kid }) => ({ type: 'remove', kid }));
  const next = keys.find((key) => stateOf(key) === 'next');
  if (next === undefined) return { actions: [...removals, { type: 'publish' }] };

  const readyAt = mayActivateAt(next, policy);
  const isDue = commanded || now >= scheduledAt(keys, policy);
  if (isDue && now >= readyAt) {
    return { actions: [...removals, { type: 'activate', kid: next.kid }, { type: 'publish' }] };
  }
  return commanded ? { actions: removals, refusedUntil: readyAt } : { actions: removals };
}

/**
 * Says what it takes to revoke a key: to have everybody refuse its tokens from now on. Nothing, if it is gone.
 *
 * If it is the active one, the next signs at once, however short a time it has been published: whoever holds a set
 * without it fetches the set when the revocation is heard of. There is a next key again afterwards.
 *
 * @example
 * planRevocation(keys, active.kid); // revoke it, activate the next one, publish another
 */
export function planRevocation(keys: readonly KeyTimes[], kid: string): readonly KeyAction[] {
  const key = keys.find((candidate) => candidate.kid === kid);
  const state = key === undefined ? 'gone' : stateOf(key);
  if (state === 'gone') return [];
  const revoke = { type: 'revoke', kid } as const;
  if (state === 'retiring') return [revoke];
  if (state === 'next') return [revoke, { type: 'publish' }];
  const next = keys.find((candidate) => stateOf(candidate) === 'next');
  const signs: KeyAction = next === undefined ? { type: 'bootstrap' } : { type: 'activate', kid: next.kid };
  return [revoke, signs, { type: 'publish' }];
}

/**
 * The keys that are left, once these have been revoked one after the other, but for those that are then made. So a
 * replica that has heard of it can go on before it has read the database.
 */
export function afterRevocations<Key extends KeyTimes>(
  keys: readonly Key[],
  { kids, now }: { readonly kids: Iterable<string>; readonly now: number },
): readonly Key[] {
  let left = keys;
  for (const kid of kids) {
    const activated = planRevocation(left, kid).find(({ type }) => type === 'activate');
    left = left
      .filter((key) => key.kid !== kid)
      .map((key) =>
        activated?.type === 'activate' && key.kid === activated.kid ? { ...key, activatedAt: now } : key,
      );
  }
  return left;
}

/** When the active key has signed for long enough. Without an active key, a rotation has been due for ever. */
function scheduledAt(keys: readonly KeyTimes[], policy: RotationPolicy): number {
  const activatedAt = keys.find((key) => stateOf(key) === 'active')?.activatedAt;
  return activatedAt == null ? Number.NEGATIVE_INFINITY : activatedAt + policy.rotationDays * DAY_MS;
}
