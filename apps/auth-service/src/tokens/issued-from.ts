/** As far ahead as verifiers let an `iat` be. */
export const FURTHEST_AHEAD_SECONDS = 30;

/**
 * The earliest `iat` that a revocation demands of the tokens after it: this second or the next one. What lies further
 * ahead stems from a clock that was wrong, and counts as none (0): then what is issued is refused for as long as the
 * revocation is kept, and not until that time comes.
 *
 * Both in seconds since 1970.
 *
 * @example
 * honoured(1_700_000_001, 1_700_000_000); // 1_700_000_001
 * honoured(1_700_003_600, 1_700_000_000); // 0
 */
export function honoured(issuedFrom: number, now: number): number {
  return issuedFrom - now <= FURTHEST_AHEAD_SECONDS ? issuedFrom : 0;
}
