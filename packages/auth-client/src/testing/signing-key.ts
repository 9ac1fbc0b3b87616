import { Buffer } from 'node:buffer';
import { sign } from 'node:crypto';
import { generateRsaKey, type RsaKey } from '../key-set/rsa-key.ts';

/** An issuer's RSA key pair; `jwk` is the published form: kty, n, e, kid, use, alg. */
export interface SigningKey extends RsaKey {
  /** Signs exactly these parts, however wrong: strings and bytes unchanged, anything else as JSON. Returns a JWS. */
  sign(header: unknown, payload: unknown): string;
}

/** Generates a real RSA key; 2048 bits take about 100 ms. */
export async function createSigningKey({ modulusLength = 2048 } = {}): Promise<SigningKey> {
  const key = await generateRsaKey(modulusLength);
  return {
    ...key,
    sign(header, payload) {
      const input = `${segment(header)}.${segment(payload)}`;
      return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`;
    },
  };
}

function segment(part: unknown): string {
  if (part instanceof Uint8Array) return Buffer.from(part).toString('base64url');
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}
