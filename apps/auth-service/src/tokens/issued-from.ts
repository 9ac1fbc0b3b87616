/** How far in the future verifiers accept an `iat`. */
export const furthestAheadSeconds = 30;

/**
 * Returns the earliest `iat` that new tokens must have because of a revocation, usually this second or the next one. A
 * value further in the future comes from a wrong clock and counts as none (0). New tokens are then refused while the
 * revocation is kept, but not until that time comes.
 *
 * Both arguments are in seconds since 1970.
 *
 * @example
 * effectiveIssuedFrom(1_700_000_001, 1_700_000_000); // 1_700_000_001
 * effectiveIssuedFrom(1_700_003_600, 1_700_000_000); // 0
 */
export function effectiveIssuedFrom(issuedFrom: number, now: number): number {
  return issuedFrom - now <= furthestAheadSeconds ? issuedFrom : 0;
}
