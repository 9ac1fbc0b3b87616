/** The rules of revoking and reinstating a client. Pure. */

export type ClientStatus = 'active' | 'revoked';

/** The status of a client whose status was ever changed. */
export type ClientStatusRecord = {
  readonly clientId: string;
  /** Milliseconds since the epoch; null while it is active. */
  readonly revokedAt: number | null;
  /** Seconds since the epoch: tokens of this client with an earlier `iat` are revoked. */
  readonly tokensFrom: number;
};

/**
 * How long a replica may still issue tokens for a client that another replica revoked: until its next poll at the
 * latest, plus the duration of a request. tokensFrom is this much later than the revocation, so these tokens are
 * revoked too. If the client is reinstated soon after, its first tokens have an `iat` in the future. So this must stay
 * well below the 30 s that verifiers accept.
 */
export const latecomersSeconds = 10;

export function statusOf(record: ClientStatusRecord | undefined): ClientStatus {
  return record === undefined || record.revokedAt === null ? 'active' : 'revoked';
}

/**
 * Returns a client's record after a change of its status at `now` (ms), or the same record when it already has that
 * status. tokensFrom grows with each revocation, so each one revokes the tokens issued since the previous one.
 *
 * @example
 * changeStatus(undefined, { clientId: 'storefront', status: 'revoked', now })?.revokedAt; // now
 */
export function changeStatus(
  record: ClientStatusRecord | undefined,
  change: { readonly clientId: string; readonly status: ClientStatus; readonly now: number },
): ClientStatusRecord | undefined {
  const { clientId, status, now } = change;
  if (statusOf(record) === status) return record;
  const tokensFrom = record?.tokensFrom ?? 0;
  if (status === 'active') return { clientId, revokedAt: null, tokensFrom };
  const from = Math.floor(now / 1000) + 1 + latecomersSeconds;
  return { clientId, revokedAt: now, tokensFrom: Math.max(from, tokensFrom + 1) };
}
