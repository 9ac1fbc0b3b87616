import { createPrivateKey, sign } from 'node:crypto';
import type { ProviderSecret } from './provider.ts';

/** Apple allows six months. One request needs it once. */
const lifetimeSeconds = 300;

/**
 * Signs the client secret that Apple wants: a JWT with ES256 by the key of the developer's team. It is not RFC 7523,
 * although it looks alike: it goes into `client_secret`.
 */
export function signAppleSecret(
  { teamId, keyId, privateKey }: Extract<ProviderSecret, { kind: 'apple' }>,
  { clientId, issuer, now }: { readonly clientId: string; readonly issuer: string; readonly now: number },
): string {
  const claims = { iss: teamId, iat: now, exp: now + lifetimeSeconds, aud: issuer, sub: clientId };
  const input = [{ alg: 'ES256', kid: keyId }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const key = createPrivateKey(privateKey);
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}
