import { createHash, randomBytes } from 'node:crypto';
import type { Service } from '@latchkey/service-kit';
import { expect } from 'vitest';
import { type AuthApp, from, postToken, register, testIssuer, testPassword } from '../../support/auth-app.ts';
import { ask, createOperator, openDatabase } from '../../support/operator.ts';

type Answer = Awaited<ReturnType<Service['inject']>>;

/** A browser: it keeps our cookies, and sends the origin of the page with each form. */
export type Browser = {
  readonly cookies: Map<string, string>;
  get(url: string, headers?: Record<string, string>): Promise<Answer>;
  post(url: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Answer>;
};

/** `write`: the header with its cookies, in which another application may have a part. */
export function createBrowser(
  app: Service,
  address = from(randomBytes(4).toString('hex')),
  write = (cookies: ReadonlyMap<string, string>) =>
    [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
): Browser {
  const cookies = new Map<string, string>();
  const send = async (
    request: { method: 'GET' | 'POST'; url: string; payload?: string },
    headers: object,
  ) => {
    const cookie = write(cookies);
    const answer = await app.inject({
      ...request,
      url: request.url.replace(testIssuer, ''),
      headers: { ...address, ...(cookie !== '' && { cookie }), ...headers },
    });
    for (const { name, value } of answer.cookies) cookies.set(name, value);
    return answer;
  };
  return {
    cookies,
    get: (url, headers = {}) => send({ method: 'GET', url }, headers),
    post: (url, form, headers = {}) =>
      send(
        { method: 'POST', url, payload: new URLSearchParams(form).toString() },
        { 'content-type': 'application/x-www-form-urlencoded', origin: testIssuer, ...headers },
      ),
  };
}

/** As another application of the browser writes it, whose cookies have the names of ours and come first. */
export const foreignFirst = (cookies: ReadonlyMap<string, string>): string =>
  [...cookies].map(([name, value]) => `${name}=foreign; ${name}=${value}`).join('; ');

export type Application = { readonly id: string; readonly secret: string | undefined };

export const callback = 'https://app.example/callback';

/** Registers an application of others, as an operator does. */
export async function registerApplication(
  auth: AuthApp,
  changes: Record<string, unknown> = {},
): Promise<Application> {
  const database = openDatabase(auth);
  try {
    const operator = await createOperator(auth, database);
    const answer = await ask(auth, operator, {
      method: 'POST',
      url: '/clients',
      payload: {
        name: 'Gift ideas',
        redirect_uris: [callback],
        scopes: ['openid', 'profile', 'offline_access', 'wishlist:read', 'cart:read'],
        token_endpoint_auth_method: 'none',
        ...changes,
      },
    });
    if (answer.statusCode !== 201)
      throw new Error(`registering answered ${answer.statusCode}: ${answer.body}`);
    const { id, client_secret: secret } = answer.json();
    return { id, secret };
  } finally {
    await database.close();
  }
}

/** A client's part of the flow: what it remembers between its request and the answer. */
export function createFlow(clientId: string, changes: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('hex');
  const parameters: Record<string, string> = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callback,
    scope: 'openid wishlist:read',
    state,
    nonce: 'n-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  return {
    state,
    verifier,
    parameters,
    url: `/authorize?${new URLSearchParams(parameters)}`,
    redeem: (
      app: Service,
      code: string,
      more: Record<string, string> = {},
      headers: Record<string, string> = {},
    ) =>
      postToken(
        app,
        {
          grant_type: 'authorization_code',
          client_id: clientId,
          code,
          redirect_uri: parameters['redirect_uri'] ?? '',
          code_verifier: verifier,
          ...more,
        },
        headers,
      ),
  };
}

/** The parameters with which the browser returns to the client. Fails when the answer is another. */
export function returned(answer: Answer, redirectUri = callback): Record<string, string> {
  expect(answer.statusCode).toBe(303);
  const location = String(answer.headers.location);
  expect(location.startsWith(redirectUri)).toBe(true);
  return Object.fromEntries(new URL(location).searchParams);
}

/** Where the browser is sent within our own pages. */
export function nextPage(answer: Answer): string {
  expect(answer.statusCode).toBe(303);
  const location = String(answer.headers.location);
  expect(location).toMatch(new RegExp(`^${testIssuer}/authorize/[\\w-]{22}$`));
  return location;
}

/** Types user name and password. Resolves to the page's address. */
export async function signInAt(browser: Browser, url: string, username: string): Promise<string> {
  const page = nextPage(await browser.get(url));
  nextPage(await browser.post(page, { action: 'sign_in', username, password: testPassword }));
  return page;
}

/** Goes through the whole flow, from the request to the code. */
export async function authorize(
  browser: Browser,
  { url }: { url: string },
  username: string,
): Promise<Record<string, string>> {
  const page = await signInAt(browser, url, username);
  const shown = await browser.get(page);
  if (shown.statusCode === 303) return returned(shown);
  nextPage(await browser.post(page, { action: 'allow' }));
  return returned(await browser.get(page));
}

/** Somebody new, who has never been asked by an application. */
export const somebody = (app: Service): Promise<string> => register(app);
