import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { seededPeople, signInAtExampleId, startExampleId } from '@latchkey/example-id';
import { startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
  signInAt,
  somebody,
} from '../oauth/authorization/authorization-fixture.ts';
import { startAuthApp } from '../support/auth-app.ts';
import { callbackOf, leave } from './federation-fixture.ts';

const [mina] = seededPeople;
let answer: RequestListener = () => {};
const odd = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
await once(odd, 'listening');
const oddIssuer = `http://localhost:${(odd.address() as AddressInfo).port}`;
await forThisFile(Promise.resolve({ stop: async () => void odd.close() }));

const client = { client_id: 'latchkey', client_secret: 'a secret', redirect_uris: [callbackOf('example')] };
const exampleId = await forThisFile(startExampleId({ clients: [client] }));
const line = await startNetworkLink(exampleId.url);
await forThisFile(Promise.resolve({ stop: line.close }));
const credentials = { client_id: client.client_id, client_secret: client.client_secret };
const settings = [
  {
    ...{ id: 'example', name: 'Example ID', issuer: exampleId.issuer, ...credentials },
    reached_at: { [exampleId.issuer]: line.url.replace(/\/$/, '') },
  },
  { id: 'odd', name: 'Odd', issuer: oddIssuer, ...credentials },
  { id: 'gone', name: 'Gone', issuer: 'http://localhost:9', ...credentials },
];
let ahead = 0;
const auth = await forThisFile(
  startAuthApp({ env: { IDENTITY_PROVIDERS: JSON.stringify(settings) }, clock: () => Date.now() + ahead }),
);
const { app } = auth;
const { id } = await registerApplication(auth);
beforeEach(async () => {
  ahead = 0;
  await line.restore();
});

const json = (body: object): RequestListener => {
  return (_request, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
};

/** What a person sees who wants to sign in at this provider. */
async function attempt(provider: string) {
  const browser = createBrowser(app);
  const page = nextPage(await browser.get(createFlow(id).url));
  const request = page.split('/').at(-1);
  return { browser, page, answer: await browser.get(`/providers/${provider}/sign-in?request=${request}`) };
}

const document = {
  issuer: oddIssuer,
  authorization_endpoint: `${oddIssuer}/auth`,
  token_endpoint: `${oddIssuer}/token`,
  jwks_uri: `${oddIssuer}/jwks`,
};

test.each<[string, string, RequestListener, number]>([
  ['cannot be reached', 'gone', () => {}, 503],
  ['answers with an error', 'odd', (_, response) => response.writeHead(500).end(), 503],
  [
    'answers with a page',
    'odd',
    (_, response) => response.setHeader('content-type', 'text/html').end('<h1>'),
    400,
  ],
  [
    'redirects',
    'odd',
    (_, response) => response.writeHead(302, { location: 'http://localhost:9' }).end(),
    503,
  ],
  ['closes the connection', 'odd', (request) => request.socket.destroy(), 503],
  ['says too much', 'odd', json({ ...document, more: 'x'.repeat(300_000) }), 400],
  ['is another one', 'odd', json({ ...document, issuer: 'https://evil.example' }), 400],
  ['has no authorization endpoint', 'odd', json({ issuer: oddIssuer }), 400],
])('a provider that %s: a page says so, and the password still works', async (_, provider, as, status) => {
  answer = as;
  const { browser, page, answer: shown } = await attempt(provider);
  expect(shown.statusCode).toBe(status);
  expect(shown.body).toContain(`href="${page}"`);
  expect(shown.headers['content-security-policy']).toContain("default-src 'none'");
  const form = { action: 'sign_in', username: await somebody(app), password: 'a long enough passphrase' };
  nextPage(await browser.post(page, form));
});

test('a provider that is silent is given up after 5 s, and others are not held up', async () => {
  await line.freeze();
  const waiting = attempt('example');
  await signInAt(createBrowser(app), createFlow(id).url, await somebody(app));
  const { answer: shown } = await waiting;
  expect([shown.statusCode, shown.headers['retry-after']]).toEqual([503, '5']);
});

test('a provider that goes away while the person is there: they can try again once it is back', async () => {
  const browser = createBrowser(app);
  const { url } = createFlow(id);
  const back = await signInAtExampleId(await leave(browser, url), mina);
  await line.cut();
  const shown = await browser.get(back.url);
  expect(shown.statusCode).toBe(503);
  await line.restore();
  const [, page = ''] = /href="([^"]+\/authorize\/[^"]+)"/.exec(shown.body) ?? [];
  await eventually('another attempt works', async () => {
    const again = await browser.get(`/providers/example/sign-in?request=${page.split('/').at(-1)}`);
    nextPage(await browser.get((await signInAtExampleId(String(again.headers.location), mina)).url));
  });
});

test.each([
  { seconds: -25, changes: { prompt: 'login' }, status: 303 },
  { seconds: 25, changes: { prompt: 'login' }, status: 303 },
  { seconds: 900, changes: { prompt: 'login' }, status: 400 },
  { seconds: 900, changes: {}, status: 400 },
])(
  'our clock $seconds s ahead of the provider’s, $changes: $status',
  async ({ seconds, changes, status }) => {
    ahead = seconds * 1000;
    const browser = createBrowser(app);
    const back = await signInAtExampleId(await leave(browser, createFlow(id, changes).url), mina);
    expect((await browser.get(back.url)).statusCode).toBe(status);
  },
);

test('what is kept of a person at the provider expires within 10 min, and whoever returns later is told so', async () => {
  const browser = createBrowser(app);
  const back = await signInAtExampleId(await leave(browser, createFlow(id).url), mina);
  const redis = new Redis(auth.redis.url);
  onTestFinished(async () => void (await redis.quit()));
  const key = `{${new URL(back.url).searchParams.get('state')}}:upstream`;
  const left = await redis.ttl(key);
  expect(left).toBeGreaterThan(500);
  expect(left).toBeLessThanOrEqual(600);
  // Nobody waits for so long here: it expires early.
  await redis.pexpire(key, 1);
  await eventually('it has expired', async () => expect(await redis.exists(key)).toBe(0));
  const late = await browser.get(back.url);
  expect([late.statusCode, late.body.includes('finished before')]).toEqual([404, true]);
});

test('an answer of 2 MB is refused, and so is one that no request belongs to', async () => {
  const post = (payload: string) =>
    app.inject({
      method: 'POST',
      url: '/providers/example/callback',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload,
    });
  expect((await post(`state=${'x'.repeat(2_000_000)}`)).statusCode).toBe(413);
  expect((await post('state=unknown')).statusCode).toBe(404);
});

test('Postgres away in the callback: a page leads to another attempt, which works once it is back', async () => {
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  const link = await startNetworkLink(database.url);
  onTestFinished(link.close);
  const env = {
    IDENTITY_PROVIDERS: JSON.stringify(settings),
    DATABASE_URL: link.url,
  };
  const cut = await startAuthApp({ env });
  onTestFinished(cut.stop);
  const application = await registerApplication({ ...cut, databaseUrl: database.url });
  const browser = createBrowser(cut.app);
  const back = await signInAtExampleId(await leave(browser, createFlow(application.id).url), mina);
  await link.cut();
  const shown = await browser.get(back.url);
  expect([shown.statusCode, shown.body.includes('Other ways to sign in')]).toEqual([503, true]);
  await link.restore();
  const [, page = ''] = /href="([^"]+\/authorize\/[^"]+)"/.exec(shown.body) ?? [];
  await eventually('another attempt works', async () => {
    const again = await browser.get(`/providers/example/sign-in?request=${page.split('/').at(-1)}`);
    nextPage(await browser.get((await signInAtExampleId(String(again.headers.location), mina)).url));
  });
});
