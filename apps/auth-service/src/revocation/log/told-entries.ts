import type { Revocation } from '@latchkey/auth-client';

/** Forgotten this much earlier than Redis drops it: an entry that Redis drops during a failover is not missing. */
const marginMs = 30_000;

/**
 * Remembers the newest entries of one shard that the listeners were told. A Redis that takes over may lack some of them:
 * it was a replica that lagged behind, or lost the last second of its file. Then it has not got the changes either that
 * were made together with the entries, such as the end of a session.
 *
 * The age of an entry counts only while the log is followed: what was told before a long outage may be lost as well.
 * Redis may have dropped some of it by age meanwhile. That is named too, and repeating it does no harm.
 *
 * Numbers do not show this, because the new master may have given them to other entries already. So the entries
 * themselves are compared, once everything has been read again.
 *
 * @example
 * told.add(dataSet, revocations);
 * told.expect(dataSet, newest);               // another server has the data set now
 * const lost = told.missing(upTo, revocations); // for each batch that is read from it
 *
 * @param retentionMs how long Redis keeps an entry
 */
export function createToldEntries(retentionMs: number) {
  const rememberedMs = retentionMs - marginMs;
  /** When each entry was told, by its text, the oldest first. */
  const told = new Map<string, number>();
  let toldOf: string | undefined;
  let expected: { readonly upTo: number; readonly left: Set<string> } | undefined;

  return {
    /**
     * Remembers entries of this data set, and forgets old ones. Call it without entries, too, while the log is followed.
     * An entry of another data set cannot be missing from it.
     */
    add(dataSet: string, revocations: readonly Revocation[]): void {
      if (toldOf !== dataSet) told.clear();
      toldOf = dataSet;
      const at = performance.now();
      for (const revocation of revocations) {
        const text = JSON.stringify(revocation);
        told.delete(text);
        told.set(text, at);
      }
      for (const [text, toldAt] of told) {
        if (at - toldAt < rememberedMs) break;
        told.delete(text);
      }
    },

    /** Another server has the data set: its entries up to the number `upTo` are about to be read. */
    expect(dataSet: string, upTo: number): void {
      if (toldOf !== dataSet) return;
      expected = { upTo, left: new Set(told.keys()) };
    },

    /** Takes note of entries that were read up to this number. Returns what is missing, once, when all were read. */
    missing(upTo: number, revocations: readonly Revocation[]): readonly Revocation[] {
      if (expected === undefined) return [];
      for (const revocation of revocations) expected.left.delete(JSON.stringify(revocation));
      if (upTo < expected.upTo) return [];
      const missing = [...expected.left].map((text): Revocation => JSON.parse(text));
      expected = undefined;
      return missing;
    },
  };
}
