import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import {
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
} from '../oauth/authorization/authorization-fixture.ts';
import { startAuthApp } from '../support/auth-app.ts';
import { callbackOf, leave } from './federation-fixture.ts';

/** Each of its characters has another form in HTTP Basic than in itself. */
const secret = 's+%/: é';
const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const both = ['client_secret_basic', 'client_secret_post'];

/** What each provider takes, and what its document says of that. */
const providers: Record<string, { takes: 'basic' | 'body'; lists?: readonly string[]; set?: string }> = {
  'only-basic': { takes: 'basic', lists: ['none', 'client_secret_basic', 'private_key_jwt'] },
  'no-list': { takes: 'basic' },
  'only-body': { takes: 'body', lists: ['client_secret_post'] },
  both: { takes: 'body', lists: both },
  'basic-for-us': { takes: 'basic', lists: both, set: 'client_secret_basic' },
  'body-unlisted': { takes: 'body', set: 'client_secret_post' },
};

const partOf = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Of the person who has signed in at a provider. */
function idTokenOf(claims: object): string {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 60, auth_time: now };
  const input = `${partOf({ alg: 'RS256', kid: 'k' })}.${partOf({ sub: 'ada', aud: 'us', ...times, ...claims })}`;
  return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`;
}

/** Decodes HTTP Basic as RFC 6749 §2.3.1 says. */
function secretIn(authorization: string): string {
  const [, encoded = ''] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':');
  return new URLSearchParams(`secret=${encoded}`).get('secret') ?? '';
}

/** All providers, each below a path of its own. */
const server = createServer(async (request, response) => {
  const [, name = '', path] = /^\/([^/]+)(\/.*)$/.exec(request.url ?? '') ?? [];
  const issuer = `${origin}/${name}`;
  const { takes, lists } = providers[name] ?? expect.fail(`no provider is called ${name}`);
  const answer = (body: object, status = 200) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (path === '/.well-known/openid-configuration')
    return answer({
      ...{ issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` },
      ...{ jwks_uri: `${issuer}/jwks`, token_endpoint_auth_methods_supported: lists },
    });
  if (path === '/jwks')
    return answer({ keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256' }] });
  const form = new URLSearchParams(await text(request));
  const { authorization } = request.headers;
  const sent = { basic: authorization && secretIn(authorization), body: form.get('client_secret') };
  const isOnlyThere = (authorization === undefined) !== (sent.body === null);
  if (!isOnlyThere || sent[takes] !== secret) return answer({ error: 'invalid_client' }, 401);
  const idToken = idTokenOf({ iss: issuer, nonce: form.get('code') });
  return answer({ access_token: 'theirs', token_type: 'Bearer', id_token: idToken });
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
await forThisFile(Promise.resolve({ stop: async () => void server.close() }));

const settings = Object.entries(providers).map(([id, { set }]) => ({
  ...{ id, name: id, issuer: `${origin}/${id}`, client_id: 'us', client_secret: secret },
  ...(set && { token_endpoint_auth_method: set }),
}));
const auth = await forThisFile(startAuthApp({ env: { IDENTITY_PROVIDERS: JSON.stringify(settings) } }));
const { id: client } = await registerApplication(auth);

test.each([
  ['takes HTTP Basic alone, and says so', 'only-basic'],
  ['says nothing, which means HTTP Basic', 'no-list'],
  ['takes it in the body alone, and says so', 'only-body'],
  ['takes it in both ways, and might not decode HTTP Basic', 'both'],
  ['takes it in both ways, and from us by HTTP Basic, as the setting says', 'basic-for-us'],
  ['takes it in the body, as only the setting says', 'body-unlisted'],
])('somebody signs in at a provider that %s', async (_, provider) => {
  const browser = createBrowser(auth.app);
  const there = new URL(await leave(browser, createFlow(client).url, provider)).searchParams;
  // The provider remembers nothing: its code is the nonce.
  const answer = { code: there.get('nonce') ?? '', state: there.get('state') ?? '' };
  nextPage(await browser.get(`${callbackOf(provider)}?${new URLSearchParams(answer)}`));
});
