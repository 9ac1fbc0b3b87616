import { invalidToken, revokedToken } from '../errors.ts';
import type { KeySet } from '../key-set/key-set.ts';
import { openSignedToken, type SignedToken } from '../key-set/signed-token.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
import { reasonOfKey } from '../revocation/revoked-key.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { checkClaims } from '../token/access-token.ts';
import { type Authentication, authenticationOf } from '../token/authentication.ts';
import { accessTokenProfile } from '../token/compact-token.ts';
import { looksEncrypted, rememberSignedToken } from '../token/encrypted-token.ts';
import type { CheckedOptions } from './options.ts';
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.ts';

export type Knowledge = {
  keySet: KeySet;
  /** Null: this service gets no revocations. */
  revocations: RevocationList | null;
};

/** How long after the start requests wait for the first complete revocation list. */
const firstKnowledgeMs = 5000;

/** Decides whether a token is good at this service now. */
export class TokenVerifier {
  readonly #options: CheckedOptions;
  readonly #keySet: KeySet;
  readonly #revocations: RevocationList | null;
  readonly #verified: VerifiedTokens;
  readonly #startedAtMs: number;

  constructor(options: CheckedOptions, { keySet, revocations }: Knowledge) {
    this.#options = options;
    this.#keySet = keySet;
    this.#revocations = revocations;
    this.#verified = new VerifiedTokens(options.verifiedTokensMax);
    this.#startedAtMs = options.clock.monotonicMs();
  }

  /**
   * Verifies a token. Returns synchronously unless it must wait: for the first key set, for the first complete
   * revocation list (in the first seconds only), for the key of a kid that is not in the set, or until an encrypted
   * token is open. Once verified, an encrypted token costs what a signed one does.
   *
   * Does not check scopes, nor the age of the revocation list.
   *
   * @throws AuthError invalid_token or key_set_unavailable, thrown or as the promise's rejection
   */
  verify(token: string): Authentication | Promise<Authentication> {
    const monotonicMs = this.#options.clock.monotonicMs();
    const isUsable = this.#keySet.isUsableAt(monotonicMs) && this.#waitForKnowledgeMs(monotonicMs) === 0;
    return isUsable ? this.#verifyNow(token, monotonicMs) : this.#verifyWhenUsable(token);
  }

  #verifyNow(token: string, monotonicMs: number): Authentication | Promise<Authentication> {
    const verified = this.#verified.get(token);
    // If the token's key has left the set, verify it from scratch: the key may have come back.
    return verified?.key.current ? this.#stillGood(verified, monotonicMs) : this.#verifyNew(token);
  }

  /** How many verified tokens are cached. */
  get remembered(): number {
    return this.#verified.size;
  }

  #stillGood(verified: VerifiedToken, monotonicMs: number): Authentication {
    if (monotonicMs >= verified.expiresAtMonotonicMs) throw invalidToken('expired');
    if (this.#options.clock.wallMs() >= verified.expiresAtWallMs) throw invalidToken('expired');
    return this.#unlessRevoked(verified);
  }

  /** Looks a token up once per revision of the list, not once per request, and only among the new revocations. */
  #unlessRevoked(verified: VerifiedToken): Authentication {
    if (!this.#revocations) return verified.authentication;
    const { revision } = this.#revocations;
    if (verified.goodAtRevision !== revision) {
      verified.revoked ??= this.#revocations.find(verified.authentication, verified.goodAtRevision);
      if (verified.revoked !== undefined) throw revokedToken(verified.revoked);
      verified.goodAtRevision = revision;
    }
    return verified.authentication;
  }

  async #verifyWhenUsable(token: string): Promise<Authentication> {
    await this.#keySet.untilUsable();
    const { clock } = this.#options;
    const waitMs = this.#waitForKnowledgeMs(clock.monotonicMs());
    // A failed wait does not refuse the token: checkRevocationLag decides about an incomplete list.
    if (waitMs > 0) await withDeadline(waitMs, async () => this.#revocations?.ready()).catch(() => {});
    return this.#verifyNow(token, clock.monotonicMs());
  }

  /** A service that has just started waits rather than refuses: the first snapshot takes milliseconds. */
  #waitForKnowledgeMs(monotonicMs: number): number {
    if (this.#revocations === null || this.#revocations.hasBeenComplete) return 0;
    return Math.max(0, this.#startedAtMs + firstKnowledgeMs - monotonicMs);
  }

  /** Runs before the key lookup: tokens of a revoked key must not cause a key fetch, and the caller is told why. */
  readonly #checkKey = (kid: string): void => {
    if (!this.#revocations) return;
    const why = reasonOfKey(this.#revocations, kid);
    if (why !== undefined) throw revokedToken(why);
  };

  #verifyNew(token: string): Authentication | Promise<Authentication> {
    if (looksEncrypted(token)) return this.#openAndVerify(token);
    if (this.#options.encryptedTokens === 'required') throw invalidToken('not encrypted');
    return this.#verifySigned(token, token);
  }

  async #openAndVerify(token: string): Promise<Authentication> {
    const { decryption } = this.#options;
    if (decryption === null) throw invalidToken('encrypted');
    const signed = await decryption.open(token);
    const authentication = await this.#verifySigned(signed, token);
    rememberSignedToken(authentication, signed);
    return authentication;
  }

  /** `presented` is what came with the request: the token itself, or the encrypted one that it was in. */
  #verifySigned(token: string, presented: string): Authentication | Promise<Authentication> {
    const opened = openSignedToken(token, {
      keySet: this.#keySet,
      profile: accessTokenProfile,
      checkKey: this.#checkKey,
    });
    return opened instanceof Promise
      ? opened.then((signed) => this.#accept(presented, signed))
      : this.#accept(presented, opened);
  }

  #accept(token: string, { claims, key }: SignedToken): Authentication {
    const wallMs = this.#options.clock.wallMs();
    checkClaims(claims, { policy: this.#options, now: wallMs / 1000 });
    const authentication = authenticationOf(claims, key.kid);
    const expiresAtWallMs = claims.exp * 1000;
    const verified: VerifiedToken = {
      token,
      authentication,
      key,
      expiresAtWallMs,
      expiresAtMonotonicMs: this.#options.clock.monotonicMs() + expiresAtWallMs - wallMs,
      goodAtRevision: undefined,
      revoked: undefined,
    };
    this.#verified.add(verified);
    return this.#unlessRevoked(verified);
  }
}
