import { Buffer } from 'node:buffer';
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import { compactDecrypt } from 'jose/jwe/compact/decrypt';
import { invalidToken } from '../errors.ts';
import { encryptionHeader, keyOfEncrypted } from '../token/encrypted-token.ts';
import { type EncryptionJwk, encryptionJwk } from './encryption-key.ts';

/** Opens access tokens that are encrypted to a service. */
export type TokenDecryption = {
  /** What the service publishes: the key to which the issuer encrypts. */
  readonly publicKey: EncryptionJwk;
  /**
   * Returns what is inside, still unchecked: it should be a signed token. The work is done outside the event loop.
   *
   * @throws AuthError invalid_token, as the promise's rejection
   */
  open(token: string): Promise<string>;
};

const privateKeySyntax = /^[A-Za-z0-9_-]{43}$/;

/**
 * Makes a TokenDecryption from private keys on P-256, each 32 bytes in base64url. The first is published, and all open
 * tokens, so that keys can change without a refused token.
 *
 * @throws RangeError that says which key is wrong, without repeating it
 */
export function createTokenDecryption(keys: readonly string[]): TokenDecryption {
  const held = keys.map((text, index) => {
    const key = readPrivateKey(text);
    if (!key) throw new RangeError(`key ${index + 1} is not a private key on P-256: 32 bytes in base64url`);
    return key;
  });
  const [first] = held;
  if (!first) throw new RangeError('there is no key');
  const byKid = new Map(held.map(({ publicKey, privateKey }) => [publicKey.kid, privateKey]));

  return {
    publicKey: first.publicKey,
    async open(token) {
      const key = byKid.get(keyOfEncrypted(token));
      if (!key) throw invalidToken('unknown decryption key');
      const { plaintext } = await compactDecrypt(token, key, {
        keyManagementAlgorithms: [encryptionHeader.alg],
        contentEncryptionAlgorithms: [encryptionHeader.enc],
        maxDecompressedLength: 0,
      }).catch((cause: unknown) => {
        throw invalidToken('decryption', cause);
      });
      // A byte beyond ASCII becomes two characters that no signed token has.
      return Buffer.from(plaintext).toString('latin1');
    },
  };
}

function readPrivateKey(text: string): { publicKey: EncryptionJwk; privateKey: KeyObject } | undefined {
  if (!privateKeySyntax.test(text)) return undefined;
  try {
    const pair = createECDH('prime256v1');
    const d = Buffer.from(text, 'base64url').toString('base64url');
    pair.setPrivateKey(d, 'base64url');
    const point = pair.getPublicKey();
    const [x, y] = [point.toString('base64url', 1, 33), point.toString('base64url', 33)];
    const privateKey = createPrivateKey({ key: { kty: 'EC', crv: 'P-256', x, y, d }, format: 'jwk' });
    return { publicKey: encryptionJwk({ x, y }), privateKey };
  } catch {
    // Zero, or not less than the order of the curve.
    return undefined;
  }
}
