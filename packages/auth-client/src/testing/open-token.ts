import { Buffer } from 'node:buffer';
import { verify } from 'node:crypto';
import { type AccessTokenClaims, checkClaims } from '../token/access-token.ts';
import type { SigningKey } from './signing-key.ts';

export type OpenTokenOptions = {
  issuer: string;
  audience: string;
  publishedKeys(): readonly SigningKey[];
  /** Milliseconds since 1970. */
  now(): number;
};

const maxLifeSeconds = 300;

/** The claims of an access token if the issuer signed it and it is good for this audience; else undefined. */
export function openToken(
  token: string,
  { issuer, audience, publishedKeys, now }: OpenTokenOptions,
): AccessTokenClaims | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const data = Buffer.from(`${header}.${payload}`);
  const isGood = ({ publicKey }: SigningKey): boolean =>
    verify('sha256', data, publicKey, Buffer.from(signature, 'base64url'));
  if (!publishedKeys().some(isGood)) return undefined;
  const claims: Record<string, unknown> = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const policy = { issuer, audience, clockSkewSeconds: 30, maxTokenLifetimeSeconds: maxLifeSeconds };
  try {
    checkClaims(claims, { policy, now: now() / 1000 });
    return claims;
  } catch {
    return undefined;
  }
}
