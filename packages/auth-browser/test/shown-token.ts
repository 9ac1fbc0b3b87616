import { readDpopProof } from '@latchkey/auth-client/proof';
import type { Asked } from './http-server.ts';

/** The thumbprint of the key that a request proves to have, by the verifier of the services; undefined without a proof. */
export function provenKey({ method, path, headers }: Asked, accessToken?: string): string | undefined {
  const { dpop, host } = headers;
  if (typeof dpop !== 'string') return undefined;
  return readDpopProof(dpop, { method, url: `http://${host}${path}`, accessToken }).thumbprint;
}

/** The nonce of the request's proof. */
export function nonceOf({ method, path, headers }: Asked, accessToken?: string): string | undefined {
  const { dpop, host } = headers;
  return readDpopProof(String(dpop), { method, url: `http://${host}${path}`, accessToken }).nonce;
}

/** The access token of a request, and the key that comes with it. */
export function shownBy(asked: Asked): { token: string; key: string | undefined } | undefined {
  const [scheme, token] = asked.headers.authorization?.split(' ') ?? [];
  if (token === undefined) return undefined;
  return { token, key: scheme === 'DPoP' ? provenKey(asked, token) : undefined };
}
