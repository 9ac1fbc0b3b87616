import { createHash, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** A public RSA key as it is published (RFC 7517 §4, RFC 7518 §6.3.1). */
export type PublicJwk = Readonly<Record<'kty' | 'n' | 'e' | 'kid' | 'use' | 'alg', string>>;

export type RsaKey = {
  /** RFC 7638 thumbprint */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: PublicJwk;
};

/** Generates an RSA key for RS256, outside the event loop; 2048 bits take about 100 ms. */
export async function generateRsaKey(modulusLength = 2048): Promise<RsaKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
  return { kid, privateKey, publicKey, jwk: { kty: 'RSA', n, e, kid, use: 'sig', alg: 'RS256' } };
}
