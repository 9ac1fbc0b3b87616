import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Stack } from '@latchkey/dev-stack';
import { send } from '@latchkey/person';
import * as openid from 'openid-client';
import type { Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { signIn } from '../system.ts';

/** What the application asks for. */
export const askedScope = 'openid profile offline_access wishlist:read';

/** A sign-in that the application has begun. */
export type Beginning = {
  /** Where it sends the person. */
  readonly url: URL;
  readonly configuration: openid.Configuration;
  readonly redirectUri: string;
  /** Waits until the person is back, and redeems the code of the page's address. */
  finish(page: Page): ReturnType<typeof openid.authorizationCodeGrant>;
};

/**
 * Registers an application of somebody else, "Gift ideas", and begins a sign-in as it would, with openid-client.
 * `leadsOnTo`: where its callback redirects.
 */
export async function beginAtApplication(
  stack: Stack,
  more: Record<string, string> = {},
  leadsOnTo?: string,
): Promise<Beginning> {
  const { redirectUri, configuration } = await startApplication(stack, leadsOnTo);
  const verifier = openid.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
  const url = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: askedScope,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...more,
  });
  return {
    url,
    configuration,
    redirectUri,
    async finish(page) {
      await page.waitForURL(`${redirectUri}**`);
      const checks = { pkceCodeVerifier: verifier, expectedState, expectedNonce, idTokenExpected: true };
      return openid.authorizationCodeGrant(configuration, new URL(page.url()), checks);
    },
  };
}

/** Types a person's user name and password into auth-service's own page. */
export async function typePassword(
  page: Page,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
}

/** Starts the application's own web server, and registers it. */
async function startApplication(stack: Stack, leadsOnTo?: string) {
  const server = createServer((_request, response) => {
    if (leadsOnTo !== undefined) response.writeHead(303, { location: leadsOnTo });
    response.end('You are back.');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  const operator = await signIn(stack, 'admin');
  const { body } = await send(stack.services.auth.url, {
    method: 'POST',
    path: '/clients',
    token: operator.access_token,
    json: {
      name: 'Gift ideas',
      redirect_uris: [redirectUri],
      scopes: askedScope.split(' '),
      token_endpoint_auth_method: 'client_secret_basic',
    },
  });
  const { id, client_secret: secret } = body as { id: string; client_secret: string };
  const configuration = await openid.discovery(
    new URL(stack.issuer),
    id,
    undefined,
    openid.ClientSecretBasic(secret),
    { execute: [openid.allowInsecureRequests] },
  );
  return { redirectUri, configuration };
}
