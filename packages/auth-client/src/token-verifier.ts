import { checkClaims } from './access-token.ts';
import { type Authentication, authenticationOf } from './authentication.ts';
import { type CompactToken, readCompactToken } from './compact-token.ts';
import { invalidToken } from './errors.ts';
import type { KeySet } from './key-set/key-set.ts';
import type { VerificationKey } from './key-set/verification-key.ts';
import type { CheckedOptions } from './options.ts';
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.ts';

/** Says whether a token is good, at this service, now. */
export class TokenVerifier {
  readonly #options: CheckedOptions;
  readonly #keySet: KeySet;
  readonly #verified: VerifiedTokens;

  constructor(options: CheckedOptions, keySet: KeySet) {
    this.#options = options;
    this.#keySet = keySet;
    this.#verified = new VerifiedTokens(options.verifiedTokensMax);
  }

  /**
   * Verifies a token. Answers at once unless keys must be waited for: before the first key set has come, and for a
   * kid that is not in it.
   *
   * Does not look at scopes.
   *
   * @throws AuthError invalid_token or key_set_unavailable, thrown or as the promise's rejection
   */
  verify(token: string): Authentication | Promise<Authentication> {
    const monotonicMs = this.#options.clock.monotonicMs();
    if (!this.#keySet.isUsableAt(monotonicMs)) return this.#verifyWhenUsable(token);
    const verified = this.#verified.get(token);
    // A token whose key has left the set is treated as never seen: its key may have come back.
    return verified?.key.current ? this.#stillGood(verified, monotonicMs) : this.#verifyNew(token);
  }

  /** How many verified tokens are remembered. */
  get remembered(): number {
    return this.#verified.size;
  }

  #stillGood(verified: VerifiedToken, monotonicMs: number): Authentication {
    if (monotonicMs >= verified.expiresAtMonotonicMs) throw invalidToken('expired');
    if (this.#options.clock.wallMs() >= verified.expiresAtWallMs) throw invalidToken('expired');
    return verified.authentication;
  }

  async #verifyWhenUsable(token: string): Promise<Authentication> {
    await this.#keySet.untilUsable();
    return this.verify(token);
  }

  #verifyNew(token: string): Authentication | Promise<Authentication> {
    const compact = readCompactToken(token);
    const key = this.#keySet.find(compact.kid);
    if (key) return this.#verifyWith(key, { token, compact });
    const sought = this.#keySet.seek(compact.kid);
    if (!sought) throw invalidToken('unknown kid');
    return sought.then((found) => {
      if (!found) throw invalidToken('unknown kid');
      return this.#verifyWith(found, { token, compact });
    });
  }

  #verifyWith(
    key: VerificationKey,
    { token, compact }: { token: string; compact: CompactToken },
  ): Authentication {
    // RFC 8017 §8.2.2 step 1: the signature is exactly as long as the modulus.
    if (compact.signatureBytes !== key.modulusBytes) throw invalidToken('signature');
    const claims = verifySignature(key, token);
    const wallMs = this.#options.clock.wallMs();
    checkClaims(claims, { policy: this.#options, now: wallMs / 1000 });
    const authentication = authenticationOf(claims);
    const expiresAtWallMs = claims.exp * 1000;
    this.#verified.set(token, {
      authentication,
      key,
      expiresAtWallMs,
      expiresAtMonotonicMs: this.#options.clock.monotonicMs() + expiresAtWallMs - wallMs,
    });
    return authentication;
  }
}

function verifySignature(key: VerificationKey, token: string): Record<string, unknown> {
  try {
    return key.verify(token);
  } catch (error) {
    throw invalidToken(error instanceof Error && 'code' in error ? String(error.code) : 'unexpected', error);
  }
}
