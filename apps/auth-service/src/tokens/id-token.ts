import { createHash, createPublicKey, verify } from 'node:crypto';
import type { PublicJwk } from '../database/schema.ts';
import type { SigningKey } from './access-token.ts';
import { type Acr, acrPassword, unknownAuthTime } from './claims.ts';
import { readJwsPart, signCompactJws } from './compact-jws.ts';
import type { PersonalClaims } from './personal-claims.ts';

/** An ID token is read once, at the sign-in. */
const lifetimeSeconds = 300;

export type IdTokenContent = {
  readonly subject: string;
  readonly clientId: string;
  readonly sessionId: string;
  /** In seconds since the epoch. */
  readonly authTime: number;
  readonly acr: Acr;
  readonly nonce: string | undefined;
  /** The access token that is returned with it. */
  readonly accessToken: string;
  /** What the client asked the ID token to say about the person, and may know. */
  readonly personal: Partial<PersonalClaims>;
};

export type IdTokenIssuer = (content: IdTokenContent) => Promise<string>;

/**
 * Issues ID tokens (OpenID Connect Core §2), signed with RS256. They say that and how a person authenticated: `sub` is
 * opaque, and there is nothing else about them that the client did not ask for by name. Their `typ` is `JWT`, so no
 * service takes one for an access token.
 *
 * @example
 * const issue = createIdTokenIssuer({ issuer, signer: () => keyRing.signer(), clock: Date.now });
 */
export function createIdTokenIssuer(options: {
  readonly issuer: string;
  readonly signer: () => SigningKey;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}): IdTokenIssuer {
  return ({ subject, clientId, sessionId, authTime, acr, nonce, accessToken, personal }) => {
    const now = Math.floor(options.clock() / 1000);
    const payload = {
      iss: options.issuer,
      sub: subject,
      aud: clientId,
      iat: now,
      exp: now + lifetimeSeconds,
      // A provider may not have said. Then no client asked for it either (OpenID Connect Core §2).
      ...(authTime !== unknownAuthTime && { auth_time: authTime }),
      ...(nonce === undefined ? {} : { nonce }),
      acr,
      // RFC 8176 §2. How somebody authenticated elsewhere, we do not know.
      ...(acr === acrPassword && { amr: ['pwd'] }),
      sid: sessionId,
      at_hash: halfHashOf(accessToken),
      ...personal,
    };
    return signCompactJws({ typ: 'JWT', payload, signer: options.signer() });
  };
}

/** OpenID Connect Core §3.1.3.6: the left half of the hash that belongs to RS256. */
function halfHashOf(token: string): string {
  return createHash('sha256').update(token, 'ascii').digest().subarray(0, 16).toString('base64url');
}

/** What an ID token says that a client presents as a hint (OpenID Connect RP-Initiated Logout §2). */
export type IdTokenHint = { readonly subject: string; readonly clientId: string };

/**
 * Reads an ID token that we issued, expired or not; undefined when none of these keys of ours has signed it.
 *
 * Does not check whether the session is alive.
 */
export function readIdTokenHint(
  token: string,
  { issuer, keys }: { readonly issuer: string; readonly keys: readonly PublicJwk[] },
): IdTokenHint | undefined {
  const [header = '', payload = '', signature = '', ...more] = token.split('.');
  const { typ, alg, kid } = readJwsPart(header) ?? {};
  const jwk = keys.find((key) => key.kid === kid);
  if (more.length > 0 || typ !== 'JWT' || alg !== 'RS256' || jwk === undefined) return undefined;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const input = Buffer.from(`${header}.${payload}`, 'latin1');
  if (!verify('sha256', input, key, Buffer.from(signature, 'base64url'))) return undefined;
  const { iss, sub, aud } = readJwsPart(payload) ?? {};
  if (iss !== issuer || typeof sub !== 'string' || typeof aud !== 'string') return undefined;
  return { subject: sub, clientId: aud };
}
