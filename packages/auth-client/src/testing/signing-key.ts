import { Buffer } from 'node:buffer';
import { createHash, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';

/** An RSA key pair as an issuer has it. */
export interface SigningKey {
  /** RFC 7638 thumbprint */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As published: kty, n, e, kid, use, alg. */
  readonly jwk: Readonly<Record<'kty' | 'n' | 'e' | 'kid' | 'use' | 'alg', string>>;
  /** A JWS of these very parts, whatever they are: strings and bytes go in as they stand, anything else as JSON. */
  sign(header: unknown, payload: unknown): string;
}

/** Generates a real RSA key; 2048 bits take about 100 ms. */
export async function createSigningKey({ modulusLength = 2048 } = {}): Promise<SigningKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
  return {
    kid,
    privateKey,
    publicKey,
    jwk: { kty: 'RSA', n, e, kid, use: 'sig', alg: 'RS256' },
    sign(header, payload) {
      const input = `${segment(header)}.${segment(payload)}`;
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
    },
  };
}

function segment(part: unknown): string {
  if (part instanceof Uint8Array) return Buffer.from(part).toString('base64url');
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}
