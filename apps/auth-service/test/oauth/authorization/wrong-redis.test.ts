import { randomBytes } from 'node:crypto';
import { startTestRedis } from '@latchkey/dev-stack/testing';
import { seededPeople, signInAtExampleId } from '@latchkey/example-id';
import type { Service } from '@latchkey/service-kit';
import { eventually, forThisFile } from '@latchkey/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leave, startProvider } from '../../federation/federation-fixture.ts';
import { connect } from '../../sessions/session-fixture.ts';
import { postForm, startAuthApp, storefrontOrigin } from '../../support/auth-app.ts';
import { keepData, replicate } from '../../support/redis-data.ts';
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
const auth = await forThisFile(startAuthApp({ env: provider.env }));
const { app } = auth;
const application = await registerApplication(auth, { post_logout_redirect_uris: [callback] });
const redis = connect(auth.redis.url);
/** A server without our data. */
const other = await forThisFile(startTestRedis());
const atShop = { redirect_uri: `${storefrontOrigin}/`, scope: '' };
beforeAll(async () => {
  const master = connect(other.url);
  await master.config('SET', 'repl-diskless-sync-delay', 0);
  master.disconnect();
});
afterAll(() => redis.disconnect());

/** A request for which something has to be in Redis. `status`: where it is there, and where nothing ever was. */
type Step = {
  readonly send: () => Promise<Answer>;
  readonly isPage: boolean;
  readonly status: number;
  readonly madeUp: { readonly send: () => Promise<Answer>; readonly status: number };
};

const random = (bytes: number) => randomBytes(bytes).toString('base64url');

const post = (url: string, parameters: Record<string, string>) => postForm(app, { url, parameters });

/** Somebody who has allowed the application what it asks for. */
async function signedIn() {
  const browser = createBrowser(app);
  const flow = createFlow(application.id);
  const { code = '' } = await authorize(browser, flow, await somebody(app));
  return { browser, flow, code };
}

/** A browser whose login has a made-up id. */
function stranger(known: Awaited<ReturnType<typeof signedIn>>['browser']) {
  const browser = createBrowser(app);
  for (const [name, value] of known.cookies)
    browser.cookies.set(name, name.includes('login') ? `0-${random(32)}` : value);
  return browser;
}

async function steps(): Promise<Record<string, Step>> {
  const [one, two] = [await signedIn(), await signedIn()];
  const silent = createFlow(application.id, { prompt: 'none' });

  const shop = createFlow('storefront', atShop);
  const shopper = createBrowser(app);
  const shown = await shopper.get(await signInAt(shopper, shop.url, await somebody(app)));
  const { code: shopCode = '' } = returned(shown, atShop.redirect_uri);
  const redeemAtShop = (code: string) =>
    app.inject({
      method: 'POST',
      url: '/sessions/code',
      payload: { ...{ client_id: 'storefront', code }, ...redeeming },
      headers: { origin: storefrontOrigin },
    });
  const redeeming = { redirect_uri: atShop.redirect_uri, code_verifier: shop.verifier };

  const asked = createBrowser(app);
  const signInPage = nextPage(await asked.get(createFlow(application.id).url));
  const denying = createBrowser(app);
  const deniedPage = nextPage(await denying.get(createFlow(application.id).url));
  const madeUpPage = `/authorize/${random(16)}`;

  const { request_uri } = (await post('/par', silent.parameters)).json();
  const reference = (uri: string) =>
    `/authorize?${new URLSearchParams({ client_id: application.id, request_uri: uri })}`;

  const [returning, posting] = [createBrowser(app), createBrowser(app)];
  const from = async (browser: typeof returning) =>
    signInAtExampleId(await leave(browser, createFlow(application.id).url), seededPeople[0]);
  const [back, posted] = [await from(returning), await from(posting)];
  const answerOf = ({ url }: { url: string }) => Object.fromEntries(new URL(url).searchParams);
  const at = '/providers/example/callback';

  return {
    'GET /end-session': {
      isPage: true,
      send: () => one.browser.get('/end-session'),
      status: 200,
      madeUp: { send: () => stranger(one.browser).get('/end-session'), status: 200 },
    },
    'a silent request': {
      isPage: true,
      send: async () => {
        const answer = await two.browser.get(silent.url);
        // Whoever is signed in gets a code: "login_required" is a redirect, too.
        if (answer.statusCode === 303) expect(returned(answer)).toHaveProperty('code');
        return answer;
      },
      status: 303,
      madeUp: { send: () => stranger(two.browser).get(silent.url), status: 303 },
    },
    'POST /token with a code': {
      isPage: false,
      send: () => one.flow.redeem(app, one.code),
      status: 200,
      madeUp: { send: () => one.flow.redeem(app, `0-${random(16)}`), status: 400 },
    },
    'POST /sessions/code': {
      isPage: false,
      send: () => redeemAtShop(shopCode),
      status: 201,
      madeUp: { send: () => redeemAtShop(`0-${random(16)}`), status: 400 },
    },
    'the page of a sign-in': {
      isPage: true,
      send: () => asked.get(signInPage),
      status: 200,
      madeUp: { send: () => asked.get(madeUpPage), status: 404 },
    },
    'a refusal on a page': {
      isPage: true,
      send: () => denying.post(deniedPage, { action: 'deny' }),
      status: 303,
      madeUp: { send: () => denying.post(madeUpPage, { action: 'deny' }), status: 404 },
    },
    'a pushed request': {
      isPage: true,
      send: () => createBrowser(app).get(reference(request_uri)),
      status: 303,
      madeUp: {
        send: () => createBrowser(app).get(reference(`urn:ietf:params:oauth:request_uri:${random(32)}`)),
        status: 400,
      },
    },
    'GET /providers/…/callback': {
      isPage: true,
      send: () => returning.get(back.url),
      status: 303,
      madeUp: { send: () => returning.get(`${at}?state=${random(32)}`), status: 404 },
    },
    'POST /providers/…/callback': {
      isPage: true,
      send: () => post(at, answerOf(posted)),
      status: 303,
      madeUp: { send: () => post(at, { state: random(32) }), status: 404 },
    },
  };
}

function expectUnavailable(name: string, { statusCode, headers, cookies, body }: Answer, isPage: boolean) {
  expect([name, statusCode, headers['retry-after']]).toEqual([name, 503, expect.any(String)]);
  const type = isPage ? 'text/html' : 'json';
  expect([name, headers['content-type']]).toEqual([name, expect.stringContaining(type)]);
  if (isPage) expect([name, body.includes('Reload this page')]).toEqual([name, true]);
  // A browser keeps its cookies, and no client is told anything.
  expect([name, headers.location, cookies]).toEqual([name, undefined, []]);
}

test.each<[string, () => Promise<unknown>]>([
  ['is a read-only replica of an empty server', () => replicate(redis, other)],
  ['is empty', () => redis.flushall()],
  ['has lost all but a code', loseAllButCodes],
])('while Redis %s nothing counts as over, and afterwards everything goes on', async (_, lose) => {
  const all = Object.entries(await steps());
  for (const [name, { madeUp }] of all)
    expect([name, (await madeUp.send()).statusCode]).toEqual([name, madeUp.status]);

  const restore = await keepData(redis);
  try {
    await lose();
    for (const [name, { send, isPage, madeUp }] of all) {
      expectUnavailable(name, await send(), isPage);
      expectUnavailable(`${name}, made up`, await madeUp.send(), isPage);
    }
  } finally {
    await restore();
  }
  for (const [name, { send, status, madeUp }] of all) {
    expect([name, (await madeUp.send()).statusCode]).toEqual([name, madeUp.status]);
    await eventually(`${name} succeeds`, async () =>
      expect([name, (await send()).statusCode]).toEqual([name, status]),
    );
  }
});

/** What is left of a code is worth nothing without the login, which may come back. */
async function loseAllButCodes(): Promise<void> {
  const keys = await redis.keys('*');
  await redis.del(keys.filter((key) => !key.startsWith('{0}:c:')));
}

test('a login that has ended counts as such while the data is the known one', async () => {
  const { browser } = await signedIn();
  const cookies = new Map(browser.cookies);
  const ended = await browser.post('/end-session', { answer: 'yes' });
  expect([ended.statusCode, ended.cookies.length]).toEqual([200, 1]);
  for (const [name, value] of cookies) browser.cookies.set(name, value);
  const silent = await browser.get(createFlow(application.id, { prompt: 'none' }).url);
  expect(returned(silent)['error']).toBe('login_required');
});
