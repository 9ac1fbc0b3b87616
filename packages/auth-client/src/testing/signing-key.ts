import { Buffer } from 'node:buffer';
import { sign } from 'node:crypto';
import { generateRsaKey, type RsaKey } from '../key-set/rsa-key.ts';

/** An RSA key pair as an issuer has it; its jwk is as published: kty, n, e, kid, use, alg. */
export interface SigningKey extends RsaKey {
  /** A JWS of these very parts, whatever they are: strings and bytes go in as they stand, anything else as JSON. */
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
