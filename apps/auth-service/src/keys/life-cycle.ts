/**
 * The rules of a signing key's life: next (published, not signing) → active → retiring (published, not signing) → gone.
 * Revocation moves a key from any state to gone. The functions are pure; times are in milliseconds since the epoch.
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
  /** How long a consumer may cache the key set (its Cache-Control). */
  readonly jwksMaxAgeSeconds: number;
  /** How far replicas' clocks may differ, plus the time that replicas take to see each other's changes. */
  readonly skewSeconds: number;
  /** The longest lifetime of an access token. */
  readonly tokenSeconds: number;
  /** How long a key signs. */
  readonly rotationDays: number;
};

export type KeyAction =
  /** Make a key and publish it as the next one. */
  | { readonly type: 'publish' }
  /** Make a key when there is none, and sign with it at once. */
  | { readonly type: 'bootstrap' }
  /** Sign with this key from now on; the active one retires. */
  | { readonly type: 'activate'; readonly kid: string }
  /** Remove this key from the set. */
  | { readonly type: 'remove'; readonly kid: string }
  /** Remove this key from the set, even if its tokens are still valid, and erase its private half. */
  | { readonly type: 'revoke'; readonly kid: string };

export type RotationPlan = {
  readonly actions: readonly KeyAction[];
  /** Set when a command came too early: the earliest time at which it will succeed. */
  readonly refusedUntil?: number;
};

const secondMs = 1000;
const dayMs = 86_400_000;

export function stateOf(key: KeyTimes): KeyState {
  if (key.removedAt !== null) return 'gone';
  if (key.retiredAt !== null) return 'retiring';
  return key.activatedAt === null ? 'next' : 'active';
}

/**
 * Returns when a published key may sign: once no consumer can still hold a set without it. The last such set was
 * fetched just before the last replica learned of the key, and is cached for its max-age.
 */
export function mayActivateAt(key: KeyTimes, policy: RotationPolicy): number {
  return key.publishedAt + (policy.jwksMaxAgeSeconds + policy.skewSeconds) * secondMs;
}

/** Returns when a retired key may leave the set: once the last token that it signed has expired at every replica. */
export function mayRemoveAt(key: KeyTimes, policy: RotationPolicy): number {
  return (key.retiredAt ?? Number.POSITIVE_INFINITY) + (policy.tokenSeconds + policy.skewSeconds) * secondMs;
}

/** Whether a key was revoked: it left the set before its last token can have expired. */
export function wasRevoked(key: KeyTimes, policy: RotationPolicy): boolean {
  return key.removedAt !== null && key.removedAt < mayRemoveAt(key, policy);
}

/**
 * Plans what is due, by schedule or because an operator commanded a rotation (`commanded`).
 *
 * There is always a next key: it is published at the moment when the previous one becomes active. So a rotation can
 * happen without delay, and a replica that is cut off from Postgres for a while still publishes the key that the others
 * will sign with.
 *
 * The very first key signs at once: no set has been served yet, so no consumer can hold one without it.
 *
 * @example
 * planRotation({ keys: [], now, policy }).actions; // [{ type: 'bootstrap' }, { type: 'publish' }]
 */
export function planRotation(situation: {
  /** All keys. Those that are gone are ignored. */
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
 * Plans the revocation of a key. Returns no actions if the key is gone.
 *
 * If it is the active key, the next one signs at once, even if it was published only just now: consumers with a set
 * that lacks it fetch the set again when they learn of the revocation. Afterwards there is a next key again.
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
 * Returns the keys that remain after these have been revoked one after another, without the new keys that are then
 * made. So a replica that has learned of a revocation can continue before it has read the database.
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

/** When the next scheduled rotation is due. Without an active key it is always due. */
function scheduledAt(keys: readonly KeyTimes[], policy: RotationPolicy): number {
  const activatedAt = keys.find((key) => stateOf(key) === 'active')?.activatedAt;
  return activatedAt == null ? Number.NEGATIVE_INFINITY : activatedAt + policy.rotationDays * dayMs;
}
