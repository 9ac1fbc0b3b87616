import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { AuthError } from '@latchkey/auth-client';
import { readDpopProof, replaysInMemory } from '@latchkey/auth-client/proof';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createKey, messageOf, refreshing, send, signIn, signingOut } from '../src/index.ts';

/** How the service knows itself. It is reached at another address. */
const name = 'https://shop.example/v1';
let origin = '';
let seconds = 0;
const replays = replaysInMemory(() => Date.now() / 1000 + seconds);
let requests: { authorization: string | undefined; body: string; verdict: string }[] = [];

/** Takes no proof without a nonce of its own. Says so as services do, or at /token as token endpoints do. */
const server = createServer(async (request, response) => {
  const { method = '', url = '', headers } = request;
  const { authorization, dpop } = headers;
  if (url === '/too-late') seconds += 180;
  const accessToken = authorization?.replace('DPoP ', '');
  let verdict: string;
  try {
    const proof = readDpopProof(String(dpop), { method, url: name + url, accessToken });
    response.setHeader('dpop-nonce', String(await replays.accept(proof)));
    verdict = proof.thumbprint;
  } catch (error) {
    const refusal = error as AuthError;
    for (const [header, value] of Object.entries(refusal.headers)) response.setHeader(header, value);
    verdict = refusal.code;
  }
  requests.push({ authorization, body: await text(request), verdict });
  const isGood = /^[\w-]{43}$/.test(verdict);
  const status = isGood ? 200 : url === '/token' ? 400 : 401;
  response.writeHead(status);
  response.end(JSON.stringify(isGood ? {} : { [url === '/token' ? 'error' : 'code']: verdict }));
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  requests = [];
});

it('a key signs a proof for each request, with the nonce that the service asked for', async () => {
  const key = createKey({ [origin]: name });
  const answer = await send(origin, { path: '/cart?limit=1', token: 't', key });
  expect(answer.status).toBe(200);
  await send(origin, signingOut('t', { key }));
  const authorization = 'DPoP t';
  expect(requests).toEqual([
    { authorization, body: '', verdict: 'use_dpop_nonce' },
    { authorization, body: '', verdict: key.thumbprint },
    { authorization, body: '', verdict: key.thumbprint },
  ]);
});

it('asks for tokens that are bound to the key when it signs in and refreshes', async () => {
  const key = createKey({ [origin]: name });
  await signIn(origin, { username: 'mina', password: 'teal-lantern-harbour-42', key });
  // The nonces of before are good no more.
  seconds += 180;
  expect((await send(origin, refreshing('rt1.a', { key }))).status).toBe(200);
  expect(requests.map(({ verdict }) => verdict)).toEqual([
    'use_dpop_nonce',
    key.thumbprint,
    'use_dpop_nonce',
    key.thumbprint,
  ]);
  expect(requests.at(-1)).toMatchObject({ authorization: undefined, body: expect.stringContaining('rt1.a') });
});

it('a copied message is good once', async () => {
  const key = createKey({ [origin]: name });
  await send(origin, { path: '/cart', token: 't', key });
  const copied = messageOf({ path: '/cart', token: 't', key }, origin);
  const statuses = [
    (await fetch(`${origin}/cart`, copied)).status,
    (await fetch(`${origin}/cart`, copied)).status,
  ];
  expect(statuses).toEqual([200, 401]);
});

it('a request is not sent a third time', async () => {
  const key = createKey({ [origin]: name });
  const answer = await send(origin, { path: '/too-late', token: 't', key });
  expect([answer.status, answer.body['code']]).toEqual([401, 'use_dpop_nonce']);
  expect(requests).toHaveLength(2);
});
