/** The rules of switching a client off and on again. Pure. */

export type ClientStatus = 'active' | 'revoked';

/** What became of a client whose status was ever changed. */
export type ClientStatusRecord = {
  readonly clientId: string;
  /** Milliseconds since the epoch; null while it is active. */
  readonly revokedAt: number | null;
  /** Seconds since the epoch: no token of this client with an earlier `iat` is good. */
  readonly tokensFrom: number;
};

/**
 * How long a replica may still issue tokens for a client that was revoked elsewhere: until it hears of it, at the latest
 * by its poll, and then for as long as a request takes. Those die too, because what they were issued before is so much
 * later than the revocation. Well below the 30 s that an `iat` may be ahead of a verifier's clock: the first tokens of a
 * client that is let in again so soon after have one that is.
 */
export const LATECOMERS_SECONDS = 10;

export function statusOf(record: ClientStatusRecord | undefined): ClientStatus {
  return record === undefined || record.revokedAt === null ? 'active' : 'revoked';
}

/**
 * What becomes of a client's record by a change of its status at `now` (ms); the same record when it has that status
 * already. Each revocation concerns tokens that the one before did not, however soon it follows.
 *
 * @example
 * changeStatus(undefined, { clientId: 'storefront', status: 'revoked', now }); // { clientId, revokedAt: now, tokensFrom }
 */
export function changeStatus(
  record: ClientStatusRecord | undefined,
  change: { readonly clientId: string; readonly status: ClientStatus; readonly now: number },
): ClientStatusRecord | undefined {
  const { clientId, status, now } = change;
  if (statusOf(record) === status) return record;
  const tokensFrom = record?.tokensFrom ?? 0;
  if (status === 'active') return { clientId, revokedAt: null, tokensFrom };
  const from = Math.floor(now / 1000) + 1 + LATECOMERS_SECONDS;
  return { clientId, revokedAt: now, tokensFrom: Math.max(from, tokensFrom + 1) };
}
