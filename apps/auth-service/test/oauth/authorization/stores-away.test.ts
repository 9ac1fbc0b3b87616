import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { seededPeople, signInAtExampleId } from '@latchkey/example-id';
import type { Service } from '@latchkey/service-kit';
import { startNetworkLink } from '@latchkey/service-kit/testing';
import { eventually, forThisFile } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { leave, startProvider } from '../../federation/federation-fixture.ts';
import {
  bearer,
  decode,
  from,
  impatient,
  postForm,
  refresh,
  startAuthApp,
  storefrontOrigin,
  testPassword,
} from '../../support/auth-app.ts';
import { openDatabase } from '../../support/operator.ts';
import {
  authorize,
  callback,
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
  returned,
  signInAt,
  somebody,
} from './authorization-fixture.ts';

type Answer = Awaited<ReturnType<Service['inject']>>;

const provider = await startProvider();
const database = await createTestDatabase();
const link = await startNetworkLink(database.url);
const auth = await forThisFile(
  startAuthApp({
    durableRedis: true,
    env: {
      DATABASE_URL: link.url,
      // Also the time for each connect, which a busy machine needs.
      DATABASE_TIMEOUT_MS: '4000',
      // After a restart of Redis, what is missing may come back for this long.
      REDIS_LOSS_SECONDS: '1',
      CLIENT_REGISTRATION: 'anybody',
      ...provider.env,
    },
  }).then((started) => ({
    ...started,
    async stop() {
      await started.stop();
      await link.close();
      await database.drop();
    },
  })),
);
const { redis } = auth;
/** The replica that is asked while a store is away. */
const app = await auth.startReplica(impatient);
const application = await registerApplication(
  { ...auth, databaseUrl: database.url },
  { post_logout_redirect_uris: [callback] },
);
const scope = 'openid offline_access';

/** What a person or an application is about to do, and may do again. */
type Step = {
  readonly send: () => Promise<Answer>;
  /** The status once the stores are back. */
  readonly status: number;
  /** The statuses without Redis, and without Postgres. 503 where none is given. */
  readonly without?: { readonly redis?: number; readonly postgres?: number };
  readonly isPage?: boolean;
  /** The status once Postgres is back, where it is another. */
  readonly afterPostgres?: number;
};

async function jsonOf(answering: Promise<Answer>) {
  const answer = await answering;
  expect(answer.statusCode).toBeLessThan(300);
  return answer.json();
}

async function signedIn(at = app) {
  const browser = createBrowser(at);
  const username = await somebody(at);
  const flow = createFlow(application.id, { scope });
  const { code = '' } = await authorize(browser, flow, username);
  return { browser, username, flow, code };
}

/** The headers of somebody's page in the shop. */
async function atTheShop() {
  const payload = { client_id: 'storefront', username: await somebody(app), password: testPassword };
  const headers = { origin: storefrontOrigin };
  const { access_token } = await jsonOf(app.inject({ method: 'POST', url: '/sessions', payload, headers }));
  return { ...headers, ...bearer(access_token) };
}

async function steps(): Promise<Record<string, Step>> {
  const [one, two, three] = [await signedIn(), await signedIn(), await signedIn()];
  let { refresh_token: refreshToken } = await jsonOf(two.flow.redeem(app, two.code));
  const own = await jsonOf(three.flow.redeem(app, three.code));
  const page = { isPage: true };

  const asked = createBrowser(app);
  const askedName = await somebody(app);
  const signInPage = nextPage(await asked.get(createFlow(application.id).url));
  const allowing = createBrowser(app);
  const consentPage = await signInAt(allowing, createFlow(application.id).url, await somebody(app));
  const form = (url: string, parameters: Record<string, string>) => postForm(app, { url, parameters });
  const pushed = createFlow(application.id, { scope });
  const { request_uri } = await jsonOf(form('/par', pushed.parameters));
  const pushedUrl = `/authorize?${new URLSearchParams({ client_id: application.id, request_uri })}`;

  const going = createBrowser(app);
  const [, waiting] = nextPage(await going.get(createFlow(application.id).url)).split('/authorize/');
  const returning = createBrowser(app);
  const there = await leave(returning, createFlow(application.id).url);
  const back = await signInAtExampleId(there, seededPeople[0]);
  const atShop = await atTheShop();
  const identities = (method: 'GET' | 'POST' | 'DELETE', path = '', payload?: object) =>
    app.inject({
      ...{ method, url: `/account/identities${path}`, headers: atShop },
      ...(payload && { payload: { ...payload, password: testPassword } }),
    });

  return {
    // These two first, since a code and a pushed request last 60 s.
    'POST /token with a code': { send: () => one.flow.redeem(app, one.code), status: 200 },
    'GET /authorize of a pushed request': { ...page, send: () => two.browser.get(pushedUrl), status: 303 },
    'GET /providers/…/sign-in': {
      ...page,
      send: () => going.get(`/providers/example/sign-in?request=${waiting}`),
      status: 303,
      without: { postgres: 303 },
    },
    // The state and the code are used up before Postgres is asked.
    'GET /providers/…/callback': {
      ...page,
      send: () => returning.get(back.url),
      status: 303,
      afterPostgres: 404,
    },
    'POST /providers/…/backchannel-logout': {
      send: () => form('/providers/example/backchannel-logout', { logout_token: 'x' }),
      status: 400,
      without: { redis: 400, postgres: 400 },
    },
    'GET /account/identities': { send: () => identities('GET'), status: 200, without: { redis: 200 } },
    'POST /account/identities': {
      send: () => identities('POST', '', { provider: 'example', return_to: `${storefrontOrigin}/` }),
      status: 200,
    },
    'DELETE /account/identities/…': {
      send: () => identities('DELETE', `/${'x'.repeat(22)}`, {}),
      status: 404,
    },
    'GET /authorize with a login': {
      ...page,
      send: () => one.browser.get(createFlow(application.id, { scope }).url),
      status: 303,
    },
    'the page of a sign-in': {
      ...page,
      send: () => asked.get(signInPage),
      status: 200,
      without: { postgres: 200 },
    },
    'a sign-in': {
      ...page,
      send: () => asked.post(signInPage, { action: 'sign_in', username: askedName, password: testPassword }),
      status: 303,
    },
    'the page of a consent': { ...page, send: () => allowing.get(consentPage), status: 200 },
    'a consent': { ...page, send: () => allowing.post(consentPage, { action: 'allow' }), status: 303 },
    'POST /token with a refresh token': {
      // Always with the newest token: on a busy machine the grace of an older one may be over.
      send: async () => {
        const answer = await refresh(app, refreshToken, { client_id: application.id });
        if (answer.statusCode === 200) refreshToken = answer.json().refresh_token;
        return answer;
      },
      status: 200,
      without: { postgres: 200 },
    },
    // Tokens are verified without Redis.
    'GET /userinfo': {
      send: () => app.inject({ url: '/userinfo', headers: bearer(own.access_token) }),
      status: 200,
      without: { redis: 200 },
    },
    'GET /end-session': {
      ...page,
      send: () =>
        three.browser.get(
          `/end-session?${new URLSearchParams({ id_token_hint: own.id_token, post_logout_redirect_uri: callback })}`,
        ),
      status: 303,
    },
    'POST /par': {
      send: () => form('/par', createFlow(application.id).parameters),
      status: 201,
      without: { postgres: 201 },
    },
    'POST /register': {
      send: () =>
        app.inject({
          method: 'POST',
          url: '/register',
          payload: { redirect_uris: [callback] },
          headers: from('a developer'),
        }),
      status: 201,
    },
  };
}

test.each<[string, 'redis' | 'postgres', () => unknown, () => unknown]>([
  [
    'Redis does not answer',
    'redis',
    async () => process.kill(redis.pid, 'SIGSTOP'),
    async () => process.kill(redis.pid, 'SIGCONT'),
  ],
  ['Redis is down', 'redis', () => redis.kill(), () => redis.restart()],
  ['Postgres does not answer', 'postgres', async () => link.freeze(), () => link.restore()],
  ['Postgres is down', 'postgres', () => link.cut(), () => link.restore()],
])('%s: each step says so, gives nothing, and succeeds afterwards', async (_, store, begin, end) => {
  const all = Object.entries(await eventually('all is prepared', steps));
  await begin();
  try {
    await Promise.all(
      all.map(async ([name, { send, without, isPage = false }]) => {
        const { statusCode, headers, body, cookies } = await send();
        const expected = without?.[store] ?? 503;
        expect([name, statusCode]).toEqual([name, expected]);
        if (expected !== 503) return;
        expect([name, headers['retry-after']]).toEqual([name, expect.any(String)]);
        expect([name, String(headers['content-type'])]).toEqual([
          name,
          expect.stringContaining(isPage ? 'text/html' : 'json'),
        ]);
        expect([name, headers.location, cookies]).toEqual([name, undefined, []]);
        expect(body).not.toContain('token');
      }),
    );
  } finally {
    await end();
  }
  for (const [name, { send, status, afterPostgres = status }] of all)
    await eventually(`${name} succeeds`, async () =>
      expect([name, (await send()).statusCode]).toEqual([name, store === 'redis' ? status : afterPostgres]),
    );
});

test('Postgres goes away while a code is redeemed: the session ends at once, and the flow starts anew', async () => {
  const { app } = auth;
  const { browser, flow, code } = await signedIn(app);
  const claims = decode((await flow.redeem(app, code)).json().access_token).claims;
  const next = createFlow(application.id, { scope });
  const { code: second = '' } = returned(await browser.get(next.url));
  const direct = openDatabase({ ...auth, databaseUrl: database.url });
  onTestFinished(() => direct.close());
  const sessions = () => redisOf.zcard(`{0}:u:${claims['sub']}`);
  const redisOf = new Redis(redis.url);
  onTestFinished(() => redisOf.disconnect());

  const unlock = await direct.lock(String(claims['sub']));
  const redeeming = next.redeem(app, second);
  // The code is used, and the session has begun.
  await direct.untilWaiting(1);
  expect(await sessions()).toBe(2);
  await link.cut();
  expect((await redeeming).statusCode).toBe(503);
  await unlock();
  await link.restore();
  expect(await sessions()).toBe(1);
  await eventually('the code is refused', async () =>
    expect((await next.redeem(app, second)).json().error).toBe('invalid_grant'),
  );
  const anew = createFlow(application.id, { scope });
  const { code: third = '' } = returned(await browser.get(anew.url));
  expect((await anew.redeem(app, third)).statusCode).toBe(200);
});
