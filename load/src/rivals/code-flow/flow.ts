import { createHash, randomBytes } from 'node:crypto';
import type { Browser, Page, Place } from './browser.ts';

export const redirectUri = 'https://app.example/callback';
export const scope = 'openid cart:read wishlist:read';

export type Endpoints = {
  readonly clientId: string;
  readonly authorization: string;
  readonly token: string;
};

export type Flow = { readonly code: string; readonly idToken: string };

/**
 * Goes through the code flow with PKCE: from the authorization request to the tokens.
 *
 * @param onPage takes the person through the pages of a first sign-in. Without it there may be no page.
 * @throws Error when an answer is not what a client expects
 */
export async function signInWith(
  { clientId, authorization, token }: Endpoints,
  { browser, place }: { readonly browser: Browser; readonly place: Place },
  onPage?: (page: Page) => Promise<Page>,
): Promise<Flow> {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state,
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  let page = await browser.visit(`${authorization}?${request}`);
  if (onPage && !page.location.startsWith(redirectUri)) page = await onPage(page);
  const answer = page.location.startsWith(redirectUri) ? new URL(page.location).searchParams : undefined;
  const code = answer?.get('code');
  if (!code || answer?.get('state') !== state)
    throw new Error(`${authorization} was answered ${page.status} ${page.location}: ${page.text}`);
  const form = {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  };
  const { status, text } = await place.post(token, form);
  const tokens = status === 200 ? JSON.parse(text) : {};
  const isJwt = (value: unknown) => String(value).split('.').length === 3;
  if (!isJwt(tokens.access_token) || !isJwt(tokens.id_token))
    throw new Error(`${token} was answered ${status}: ${text}`);
  return { code, idToken: tokens.id_token };
}
