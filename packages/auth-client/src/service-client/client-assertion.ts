import { Buffer } from 'node:buffer';
import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';

export type AssertionClaims = {
  clientId: string;
  /** The issuer's identifier. */
  audience: string;
  /** Milliseconds since 1970. */
  now: number;
};

const lifetimeSeconds = 60;
const jtiBytes = 16;

// Signs in libuv's pool: an RSA signature takes most of a millisecond and would block the event loop.
const signInPool = promisify(sign) as (algorithm: string, data: Buffer, key: KeyObject) => Promise<Buffer>;

/**
 * Makes a client assertion (RFC 7523 §2.2 and §3): RS256, `iss` and `sub` are the client, `aud` is the issuer alone,
 * the lifetime is 60 s, `jti` has 128 random bits. Good for one use.
 */
export async function signAssertion(
  key: { kid: string; privateKey: KeyObject },
  { clientId, audience, now }: AssertionClaims,
): Promise<string> {
  const iat = Math.floor(now / 1000);
  const jti = randomBytes(jtiBytes).toString('base64url');
  const header = { alg: 'RS256', typ: 'client-authentication+jwt', kid: key.kid };
  const claims = { iss: clientId, sub: clientId, aud: audience, jti, iat, exp: iat + lifetimeSeconds };
  const input = `${segment(header)}.${segment(claims)}`;
  const signature = await signInPool('sha256', Buffer.from(input), key.privateKey);
  return `${input}.${signature.toString('base64url')}`;
}

function segment(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
