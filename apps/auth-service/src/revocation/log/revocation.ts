import { isRevocation, type Revocation } from '@latchkey/auth-client';

/** What auth-service itself declares revoked. Kind `all` is not among it: that is for a lost data set to say. */
export type PublishableRevocation = Exclude<Revocation, { kind: 'all' }>;

/** How far verifiers let our clock be from theirs, whatever is set here. */
const VERIFIERS_SKEW_SECONDS = 30;

/**
 * How long a revocation is kept, in seconds: after that no token that it concerns can be valid any more.
 *
 * @example
 * retentionSeconds({ tokenSeconds: 300, skewSeconds: 30 }); // 330
 */
export function retentionSeconds(of: { tokenSeconds: number; skewSeconds: number }): number {
  return of.tokenSeconds + Math.max(of.skewSeconds, VERIFIERS_SKEW_SECONDS);
}

/** The fields and values of an entry in a stream of revocations, but for `at`, which Redis adds. */
export function fieldsOf(revocation: Revocation): (string | number)[] {
  return Object.entries(revocation).flat();
}

/**
 * Reads an entry of a stream of revocations: its fields and values, alternating.
 *
 * One that cannot be read (a later version of this service may know other kinds) is taken for everything that was
 * issued up to then: to pass it over would let through what it revokes, and its number is part of the count.
 */
export function revocationFrom(fields: readonly string[], now: number): Revocation {
  const entry: Record<string, unknown> = Object.create(null);
  for (let index = 0; index + 1 < fields.length; index += 2)
    entry[fields[index] as string] = fields[index + 1];
  const { kind, id, reason } = entry;
  const before = Number(entry['before']);
  const revocation =
    kind === 'all'
      ? { kind, before, reason }
      : kind === 'subject' || kind === 'client'
        ? { kind, id, before, reason }
        : { kind, id, reason };
  if (isRevocation(revocation)) return revocation;
  const at = Number(entry['at']);
  return {
    kind: 'all',
    before: Math.floor((Number.isSafeInteger(at) && at > 0 ? at : now) / 1000) + 1,
    reason: 'unreadable',
  };
}

/** As XRANGE and XREAD answer it. */
export type StreamEntry = [id: string, fields: string[]];

/** Reads the entries that follow upon the one with this number; undefined when one is missing among them. */
export function revocationsAfter(
  sequence: number,
  entries: readonly StreamEntry[],
  now: number,
): Revocation[] | undefined {
  const isDense = entries.every(([id], index) => id === `${sequence + 1 + index}-0`);
  return isDense ? entries.map(([, fields]) => revocationFrom(fields, now)) : undefined;
}
