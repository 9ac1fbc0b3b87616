import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { host, storefront } from '../storefront-fixture.ts';

const accounts = [
  { username: 'mina', password: 'teal-lantern-harbour-42', roles: ['customer'] },
  { username: 'admin', password: 'granite-beacon-willow-93', roles: ['admin'] },
];
const demo = { DEMO: 'true', DEMO_ACCOUNTS: JSON.stringify(accounts) };

const routes = [
  ['GET', '/demo/people'],
  ['GET', '/demo/spans?trace_prefix=0af7651916cd43dd'],
  ['POST', '/demo/permissions/read'],
  ['PUT', '/demo/permissions'],
  ['POST', '/demo/thefts/access-token'],
  ['POST', '/demo/thefts/access-token/sign-out'],
  ['POST', '/demo/thefts/refresh-token'],
  ['GET', '/demo/phones?username=mina'],
  ['POST', '/demo/phones'],
  ['DELETE', '/demo/phones/1'],
  ['GET', '/demo/sharing'],
  ['POST', '/demo/sharing'],
  ['DELETE', '/demo/sharing'],
  ['GET', '/demo/keys'],
  ['POST', '/demo/keys/rotation'],
  ['DELETE', `/demo/keys/${'k'.repeat(43)}`],
  ['GET', '/demo/failures'],
  ['PUT', '/demo/failures/redis'],
] as const;

test.each([...routes, ['POST', '/v1/traces'] as const])(
  'without DEMO there is no %s %s',
  async (method, url) => {
    const app = await storefront({ DEMO_ACCOUNTS: demo.DEMO_ACCOUNTS, CONTROL_SOCKET: '/nowhere' });
    const answer = await app.inject({ method, url, headers: host, ...(method !== 'GET' && { payload: {} }) });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'not_found' });
  },
);

test.each(routes)('%s %s is for its own page alone', async (method, url) => {
  const app = await storefront(demo);
  for (const headers of [
    { host: 'rebound.example:3000' },
    { ...host, origin: 'http://localhost:4000' },
    { ...host, origin: 'null' },
    { ...host, 'sec-fetch-site': 'same-site' },
    { ...host, 'sec-fetch-site': 'none' },
  ]) {
    const answer = await app.inject({ method, url, headers });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'origin_not_allowed' });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  }
});

test('people are those of the setting, and the page says that the demo is there', async () => {
  const app = await storefront(demo);
  const headers = { ...host, origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' };
  expect((await app.inject({ url: '/demo/people', headers })).json()).toEqual({ people: accounts });
  expect((await app.inject({ url: '/', headers: host })).body).toContain('"demo":true');
});

test('nothing can be stopped without a control socket', async () => {
  const app = await storefront(demo);
  const failures = await app.inject({ url: '/demo/failures', headers: host });
  expect(failures.json()).toEqual({ available: false, stopped: { 'auth-service': false, redis: false } });
  const put = await app.inject({
    method: 'PUT',
    url: '/demo/failures/redis',
    headers: host,
    payload: { stopped: true },
  });
  expect([put.statusCode, put.json()]).toEqual([409, expect.objectContaining({ code: 'not_available' })]);
});

test('with auth-service away, routes that need it say so', async () => {
  const app = await storefront({ ...demo, AUTH_URL: 'http://127.0.0.1:1' });
  const answer = await app.inject({ url: '/demo/keys', headers: host });
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toMatchObject({ code: 'auth_service_unavailable' });
  expect(answer.headers['retry-after']).toBe('1');
});

test('at an issuer with a path, the demo calls auth-service below it', async () => {
  const called: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    called.push(url);
    response.writeHead(503).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const AUTH_ORIGIN = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const app = await storefront({ ...demo, AUTH_ORIGIN, ISSUER: `${AUTH_ORIGIN}/auth` });
  await app.inject({ url: '/demo/keys', headers: host });
  expect(called).toEqual([expect.stringMatching(/^\/auth\//)]);
});

test('a browser without a session has no refresh token to steal', async () => {
  const app = await storefront(demo);
  const answer = await app.inject({ method: 'POST', url: '/demo/thefts/refresh-token', headers: host });
  expect([answer.statusCode, answer.json().code]).toEqual([409, 'not_signed_in']);
});

test('where gift-ideas does not run, the page learns it', async () => {
  const app = await storefront(demo);
  expect((await app.inject({ url: '/demo/sharing', headers: host })).json()).toEqual({ url: null });
});

test('with gift-ideas away, the demo says so', async () => {
  const app = await storefront({ ...demo, GIFT_IDEAS_ORIGIN: 'http://localhost:1' });
  const payload = { username: 'mina' };
  const answer = await app.inject({ method: 'POST', url: '/demo/sharing', headers: host, payload });
  expect([answer.statusCode, answer.json()]).toMatchObject([502, { code: 'partner_unavailable' }]);
});
