import type { Platform } from '../platform.ts';
import { readProblem } from '../problem.ts';
import type { Send } from '../send.ts';
import type { KeyRing } from './key-ring.ts';
import { proofOf } from './session-key.ts';

/** What a request shows of itself. */
export type Proof = {
  readonly accessToken?: string | undefined;
  /** The thumbprint of the key to which the access token is bound, or to which the tokens in the answer shall be. */
  readonly boundTo?: string | undefined;
  /** Adds to the body what needs the nonce of this attempt. */
  readonly bodyFor?: ((nonce: string | undefined) => Promise<string>) | undefined;
};

/** Sends a request with its token, and with a proof if there is a key (RFC 9449). Throws as Send does. */
export type ProvingSend = (url: string, init: RequestInit, proof: Proof) => Promise<Response>;

/**
 * Remembers the nonce of each origin. When a server asks for another one (RFC 9449 §8, §9), the request is sent once
 * more, unless its body is a stream, which can be read only once.
 */
export function createProvingSend({
  send,
  keyRing,
  platform,
}: {
  readonly send: Send;
  readonly keyRing: Pick<KeyRing, 'find'>;
  readonly platform: Pick<Platform, 'now'>;
}): ProvingSend {
  const nonces = new Map<string, string>();

  async function attempt(url: string, init: RequestInit, proof: Proof): Promise<Response> {
    const { accessToken, boundTo, bodyFor } = proof;
    const { origin } = new URL(url);
    const nonce = nonces.get(origin);
    const headers = new Headers(init.headers);
    if (accessToken !== undefined)
      headers.set('authorization', `${boundTo === undefined ? 'Bearer' : 'DPoP'} ${accessToken}`);
    if (boundTo !== undefined) {
      const request = { method: init.method ?? 'GET', url, accessToken, nonce, nowMs: platform.now() };
      headers.set('dpop', await proofOf(await keyRing.find(boundTo), request));
    }
    const body = bodyFor === undefined ? {} : { body: await bodyFor(nonce) };
    const response = await send(url, { ...init, ...body, headers });
    const next = response.headers.get('dpop-nonce');
    if (next !== null) nonces.set(origin, next);
    return response;
  }

  return async (url, init, proof) => {
    const first = await attempt(url, init, proof);
    const isRepeatable = proof.boundTo !== undefined && canBeSentAgain(init.body);
    if (!isRepeatable || !(await asksForNonce(first))) return first;
    void first.body?.cancel();
    return attempt(url, init, proof);
  };
}

/** A stream can be read only once. */
export function canBeSentAgain(body: RequestInit['body']): boolean {
  return !(body instanceof ReadableStream);
}

/** The answer stays readable. */
async function asksForNonce(response: Response): Promise<boolean> {
  const { status, headers } = response;
  if ((status !== 400 && status !== 401) || headers.get('dpop-nonce') === null) return false;
  return (await readProblem(response.clone())).code === 'use_dpop_nonce';
}
