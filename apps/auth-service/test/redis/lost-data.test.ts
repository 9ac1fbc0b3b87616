import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/client.ts';
import { connect } from '../sessions/session-fixture.ts';
import {
  type AuthApp,
  bearer,
  from,
  postToken,
  refresh,
  register,
  signIn,
  startAuthApp,
  storefrontOrigin,
  type Tokens,
  testPassword,
  whoAmI,
} from '../support/auth-app.ts';
import { keepData, replicate } from '../support/redis-data.ts';
import { startServices, type TestServices } from '../support/services.ts';

let services: TestServices;
let auth: AuthApp;
let redis: RedisClient;
let now: number;
/** A server without our data. */
let other: TestRedis;
beforeAll(async () => {
  [services, other] = await Promise.all([startServices(['cart-service']), startTestRedis()]);
  const master = connect(other.url);
  await master.config('SET', 'repl-diskless-sync-delay', 0);
  master.disconnect();
});
beforeEach(async () => {
  now = Date.now();
  auth = await startAuthApp({ env: { SERVICE_JWKS_URIS: services.jwksUris }, clock: () => now });
  redis = connect(auth.redis.url);
});
afterEach(async () => {
  redis.disconnect();
  await auth.stop();
});
afterAll(async () => {
  await services.close();
  await other.stop();
});

/** Signs a person in at the command line and in a browser. */
async function signedIn() {
  const username = await register(auth.app);
  const cli = await signIn(auth.app, username);
  const browser = await auth.app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'storefront', username, password: testPassword },
    headers: { ...from(username), origin: storefrontOrigin },
  });
  const { name, value } = browser.cookies[0] as { name: string; value: string };
  const byCookie = (app = auth.app) =>
    app.inject({
      method: 'POST',
      url: '/sessions/refresh',
      payload: { client_id: 'storefront' },
      cookies: { [name]: value },
      headers: { origin: storefrontOrigin },
    });
  return { username, cli, byCookie };
}

/** By the clock of auth-service, which stands still. */
function credentials() {
  const iat = Math.floor(now / 1000);
  return services.credentials('cart-service', { claims: { iat, exp: iat + 60 } });
}

async function introspect(token: string) {
  const parameters = { token, ...credentials() };
  return auth.app.inject({
    method: 'POST',
    url: '/introspect',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(parameters).toString(),
  });
}

function giveBack(token: string) {
  return auth.app.inject({
    method: 'POST',
    url: '/revoke',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ client_id: 'latchkey-cli', token }).toString(),
  });
}

const ready = (app = auth.app) => app.inject('/ready');

function expectUnavailable(answer: {
  statusCode: number;
  headers: object;
  cookies: unknown[];
  body: string;
}) {
  expect(answer.statusCode, answer.body).toBe(503);
  expect(answer.headers).toHaveProperty('retry-after');
  // A browser keeps its cookie.
  expect(answer.cookies).toEqual([]);
}

test('while Redis is a read-only replica of an empty server no session counts as ended, and afterwards all go on', async () => {
  const { cli, byCookie } = await signedIn();
  const token = bearer(cli.access_token);
  const restore = await keepData(redis);
  await replicate(redis, other);

  for (let time = 0; time < 20; time++) {
    expectUnavailable(await refresh(auth.app, cli.refresh_token));
    expectUnavailable(await byCookie());
  }
  expectUnavailable(await introspect(cli.access_token));
  for (const request of [
    { method: 'GET', url: '/sessions' },
    { method: 'DELETE', url: '/sessions/current' },
    { method: 'DELETE', url: '/sessions' },
  ] as const)
    expectUnavailable(await auth.app.inject({ ...request, headers: token }));
  await eventually('auth-service is not ready', async () => expect((await ready()).statusCode).toBe(503));

  await restore();
  expect((await refresh(auth.app, cli.refresh_token)).statusCode).toBe(200);
  expect((await byCookie()).statusCode).toBe(200);
  await eventually('no warning is left', async () => expect((await ready()).json().warnings).toBeUndefined());
});

describe.each<[string, () => Promise<unknown>]>([
  ['that was emptied', () => redis.flushall()],
  ['that was restarted without its data', () => auth.redis.restart()],
])('a Redis %s', (_, lose) => {
  test('is waited for, also by a replica that starts afterwards; then its sessions are reported as lost', async () => {
    const { username, cli, byCookie } = await signedIn();
    await lose();
    await eventually('the loss is known', async () => {
      expect((await ready()).json()).toMatchObject({ status: 'ready', warnings: ['redis_data_unknown'] });
    });
    const late = await auth.startReplica();
    for (const app of [auth.app, late]) {
      expectUnavailable(await refresh(app, cli.refresh_token));
      expectUnavailable(await byCookie(app));
    }
    const anew = await signIn(auth.app, username);
    expect((await whoAmI(auth.app, anew.access_token)).statusCode).toBe(200);
    // Services learn of this revocation at once. The answer asks to repeat it, because the lost data set would lack it.
    expectUnavailable(await giveBack(anew.access_token));
    await eventually('this replica has read it', async () =>
      expect((await whoAmI(auth.app, anew.access_token)).json()).toMatchObject({ reason: 'token_revoked' }),
    );
    expect((await auth.app.inject('/metrics')).body).toContain(
      'readiness_warning{name="redis_data_unknown"} 1',
    );

    now += 60_000;
    const refused = await refresh(auth.app, cli.refresh_token);
    expect([refused.statusCode, refused.json()]).toEqual([
      400,
      expect.objectContaining({ error: 'invalid_grant', reason: 'session_lost' }),
    ]);
    const ended = await byCookie();
    expect(ended.json()).toMatchObject({ status: 401, code: 'session_ended', reason: 'session_lost' });
    expect(ended.cookies).toHaveLength(1);
    expect((await ready()).json().warnings).toBeUndefined();
    expect((await ready(await auth.startReplica())).json().warnings).toBeUndefined();
  });
});

test('an evicted session is no sign-out: its client is told, its access tokens die, and operators can see it', async () => {
  const { cli } = await signedIn();
  const kept: Tokens = await signIn(auth.app, await register(auth.app));
  await redis.del(`{0}:s:${cli.session_id.slice(2)}`);
  for (let time = 0; time < 3; time++) {
    const refused = await refresh(auth.app, cli.refresh_token);
    expect(refused.json()).toMatchObject({ error: 'invalid_grant', reason: 'session_lost' });
  }
  await eventually('its access token is refused', async () => {
    const answer = await whoAmI(auth.app, cli.access_token);
    expect(answer.json()).toMatchObject({ status: 401, reason: 'session_lost' });
  });
  expect((await whoAmI(auth.app, kept.access_token)).statusCode).toBe(200);
  expect((await auth.app.inject('/metrics')).body).toContain('refresh_tokens_total{verdict="LOST"} 1');
  expect(auth.logs().match(/"event":"session.lost"/g)).toHaveLength(1);
});

test('a client assertion that was used before a loss is not accepted again; a new one soon is', async () => {
  const ask = (credentials: Record<string, string>) =>
    postToken(auth.app, { grant_type: 'client_credentials', ...credentials });
  const used = credentials();
  expect((await ask(used)).statusCode).toBe(200);
  expect((await ask(used)).json()).toMatchObject({ error: 'invalid_client' });
  await redis.flushall();
  for (let time = 0; time < 3; time++) {
    const refused = await ask(used);
    expectUnavailable(refused);
    expect(refused.json()).toMatchObject({ error: 'temporarily_unavailable' });
  }
  now += 2_000;
  await eventually('a new assertion is let in', async () => {
    expect((await ask(credentials())).statusCode).toBe(200);
  });
  expect((await ask(used)).statusCode).toBe(503);
});

describe('a Redis that may evict', () => {
  test('is a warning on /ready, which stays 200, and in the metrics', async () => {
    await redis.config('SET', 'maxmemory-policy', 'volatile-lru');
    const late = await auth.startReplica();
    await eventually('it is ready, with a warning', async () => {
      const answer = await ready(late);
      expect([answer.statusCode, answer.json().warnings]).toEqual([200, ['redis_may_evict']]);
    });
    expect((await late.inject('/metrics')).body).toContain('readiness_warning{name="redis_may_evict"} 1');
    expect(auth.logs()).toContain('set maxmemory-policy to noeviction');
  });

  test('prevents a start, and readiness, where a setting forbids it', async () => {
    const strict = await startAuthApp({ env: { REDIS_EVICTION: 'refuse' } });
    const own = connect(strict.redis.url);
    try {
      await eventually('it is ready', async () => expect((await ready(strict.app)).statusCode).toBe(200));
      await own.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await expect(strict.startReplica()).rejects.toThrow('REDIS_EVICTION=refuse');
      await own.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await eventually('auth-service is not ready', async () => {
        expect((await ready(strict.app)).json()).toMatchObject({ status: 503, failing: ['redis_eviction'] });
      });
    } finally {
      own.disconnect();
      await strict.stop();
    }
  });
});
