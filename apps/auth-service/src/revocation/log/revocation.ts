import { isRevocation, type Revocation } from '@latchkey/auth-client';

/** A revocation that auth-service can publish. Only a new data set makes entries of kind `all`. */
export type PublishableRevocation = Exclude<Revocation, { kind: 'all' }>;

/** The clock skew that verifiers tolerate, whatever is configured here. */
const verifiersSkewSeconds = 30;

/**
 * Returns how long a revocation is kept, in seconds. After that, every token that it concerns has expired.
 *
 * @example
 * retentionSeconds({ tokenSeconds: 300, skewSeconds: 30 }); // 330
 */
export function retentionSeconds(of: { tokenSeconds: number; skewSeconds: number }): number {
  return of.tokenSeconds + Math.max(of.skewSeconds, verifiersSkewSeconds);
}

/** The fields and values of an entry in a stream of revocations, without `at`, which the script adds. */
export function fieldsOf(revocation: Revocation): (string | number)[] {
  return Object.entries(revocation).flat();
}

/**
 * Reads an entry of a stream of revocations: its fields and values, alternating.
 *
 * An unreadable entry counts as the revocation of all tokens issued until then. Skipping it would accept the tokens
 * that it revokes, and would break the sequence. A later version of this service may write unknown kinds.
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

/** An entry as XRANGE and XREAD return it. */
export type StreamEntry = [id: string, fields: string[]];

/** Reads the entries that follow the one with this number; undefined when one of them is missing. */
export function revocationsAfter(
  sequence: number,
  entries: readonly StreamEntry[],
  now: number,
): Revocation[] | undefined {
  const isDense = entries.every(([id], index) => id === `${sequence + 1 + index}-0`);
  return isDense ? entries.map(([, fields]) => revocationFrom(fields, now)) : undefined;
}
