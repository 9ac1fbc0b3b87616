import { AsyncLocalStorage } from 'node:async_hooks';
import { type Cookies, cancelAtExampleId, seededPeople, signInAtExampleId } from '@latchkey/example-id';
import { eventually, forThisFile } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { accounts, identities } from '../../src/database/schema.ts';
import { acrPassword, acrProvider } from '../../src/tokens/claims.ts';
import {
  authorize,
  type Browser,
  createBrowser,
  createFlow,
  foreignFirst,
  nextPage,
  registerApplication,
  returned,
  signInAt,
  somebody,
} from '../oauth/authorization/authorization-fixture.ts';
import { decode, refresh, startAuthApp } from '../support/auth-app.ts';
import { openDatabase } from '../support/operator.ts';
import { leave, signInElsewhere, startProvider, tokensOf } from './federation-fixture.ts';

const [mina, viewer] = seededPeople;
const { exampleId, env } = await startProvider();
const auth = await forThisFile(startAuthApp({ env }));
const { app } = auth;
const { id: client } = await registerApplication(auth);
const database = await forThisFile(
  Promise.resolve(openDatabase(auth)).then((opened) => ({ ...opened, stop: opened.close })),
);

const scope = 'openid profile offline_access wishlist:read';

async function signIn(person = mina, changes: Record<string, string> = {}, browser = createBrowser(app)) {
  const { flow, answer } = await tokensOf(browser, { client, person }, { scope, ...changes });
  const tokens = (await flow.redeem(app, answer['code'] ?? '')).json();
  return {
    browser,
    tokens,
    claims: decode(tokens.access_token).claims,
    idToken: decode(tokens.id_token).claims,
  };
}

/** Of pg, as far as it is used here. */
type Client = { query(...sent: unknown[]): unknown };

const stateIn = (url: string) => new URL(url).searchParams.get('state') ?? '';

test('one sign-in elsewhere gives a token of ours, and the same account each time', async () => {
  const first = await signIn();
  const second = await signIn();
  expect(first.claims).toMatchObject({ acr: acrProvider, sub: second.claims['sub'] });
  expect(first.idToken).toMatchObject({ acr: acrProvider, sub: first.claims['sub'] });
  expect(first.idToken).not.toHaveProperty('amr');
  expect((await signIn(viewer)).claims['sub']).not.toBe(first.claims['sub']);
  const renewed = (await refresh(app, first.tokens.refresh_token, { client_id: client })).json();
  expect(decode(renewed.access_token).claims).toMatchObject({ acr: acrProvider });
});

test('the audit log says of the first sign-in at which provider it was', async () => {
  await database.db.delete(identities);
  const { claims } = await signIn();
  await eventually('it does', async () => {
    const events = await database.eventsOf(String(claims['sub']));
    expect(events.map(({ event }) => event)).toContain('sign_in.succeeded');
    expect(events.slice(0, 2)).toMatchObject([
      { event: 'account.created', details: { roles: ['customer'], provider: 'example' } },
      { event: 'identity.linked', details: { provider: 'example' } },
    ]);
  });
});

test('of the person only subject, issuer and display name are kept, and no token of the provider', async () => {
  await signIn();
  const rows = await database.db.select().from(identities);
  expect(rows.find(({ subject }) => subject === mina.subject)).toEqual({
    id: expect.any(String),
    accountId: expect.any(String),
    provider: 'example',
    issuer: exampleId.issuer,
    subject: mina.subject,
    displayName: mina.name,
    linkedAt: expect.any(Date),
  });
});

/** A whole flow by a password or a provider, of a person who has consented before, in another browser. */
async function flows() {
  const username = await somebody(app);
  await authorize(createBrowser(app), createFlow(client, { scope }), username);
  await signIn();
  const by = (signInFor: (browser: Browser, url: string) => Promise<string>) => async () => {
    const browser = createBrowser(app);
    const flow = createFlow(client, { scope });
    const { code = '' } = returned(await browser.get(await signInFor(browser, flow.url)));
    expect((await flow.redeem(app, code)).statusCode).toBe(200);
  };
  return {
    byPassword: by((browser, url) => signInAt(browser, url, username)),
    byProvider: by((browser, url) => signInElsewhere(browser, url, mina)),
  };
}

test('nothing of a sign-in stays in Redis, but what a password leaves too', async () => {
  const redis = new Redis(auth.redis.url);
  onTestFinished(async () => void (await redis.quit()));
  /** Of the keys that a task adds: what they are for, without the ids in them. */
  const kindsOf = async (task: () => Promise<void>) => {
    const before = new Set(await redis.keys('*'));
    await task();
    const added = (await redis.keys('*')).filter((key) => !before.has(key));
    return new Set(added.map((key) => key.split(':')[1]));
  };
  await signIn();
  const username = await somebody(app);
  const ofPassword = await kindsOf(async () => {
    const flow = createFlow(client, { scope });
    const { code = '' } = await authorize(createBrowser(app), flow, username);
    await flow.redeem(app, code);
  });
  expect([...ofPassword]).toEqual(expect.arrayContaining(['l', 's']));
  const ofProvider = await kindsOf(async () => void (await signIn()));
  expect([...ofProvider].filter((kind) => !ofPassword.has(kind))).toEqual([]);
});

test('a sign-in takes at most two queries more than one by password', async () => {
  const counting = new AsyncLocalStorage<string[]>();
  // Queries that nobody waits for run outside of a counted task, or are the audit log's.
  const { prototype } = (database.db.$client as unknown as { Client: { prototype: Client } }).Client;
  const { query } = prototype;
  prototype.query = function (this: Client, ...sent: unknown[]) {
    const text = (sent[0] as { text?: string }).text ?? String(sent[0]);
    if (!text.includes('audit_events')) counting.getStore()?.push(text);
    return query.apply(this, sent);
  };
  onTestFinished(() => {
    prototype.query = query;
  });
  const queriesOf = async (task: () => Promise<void>) => {
    const queries: string[] = [];
    await counting.run(queries, task);
    return queries.length;
  };
  const { byPassword, byProvider } = await flows();
  const ofPassword = await queriesOf(byPassword);
  expect(ofPassword).toBeGreaterThan(0);
  expect((await queriesOf(byProvider)) - ofPassword).toBeLessThanOrEqual(2);
});

test('the sign-in page offers it, also to people who read Korean', async () => {
  const browser = createBrowser(app);
  const page = nextPage(await browser.get(createFlow(client, { ui_locales: 'ko' }).url));
  const { body } = await browser.get(page);
  expect(body).toContain('Example ID 계정으로 계속하기');
  expect(body).toContain('/providers/example/sign-in?request=');
});

test('pages on which nobody is signed in can ask which providers there are, and learn no secret of ours', async () => {
  const { headers, json } = await app.inject({ url: '/providers' });
  const { providers } = json();
  expect([headers['cache-control'], providers]).toEqual([
    'public, max-age=60',
    [
      {
        ...{ id: 'example', name: 'Example ID', look: 'other', can_reauthenticate: true },
        labels: { en: 'Continue with Example ID', ko: 'Example ID 계정으로 계속하기' },
      },
    ],
  ]);
});

test('a request that names the provider goes there at once', async () => {
  const browser = createBrowser(app);
  const named = await browser.get(createFlow(client, { identity_provider: 'example' }).url);
  const there = await browser.get(String(named.headers.location));
  expect(String(there.headers.location)).toContain(`${exampleId.issuer}/`);
  const unknown = await browser.get(createFlow(client, { identity_provider: 'nobody' }).url);
  nextPage(unknown);
});

test('whoever has the name of an account does not get into it', async () => {
  const username = await somebody(app);
  const person = { ...mina, username: 'mina' };
  await signInAt(createBrowser(app), createFlow(client).url, username);
  const { claims, tokens } = await signIn(person);
  const info = await app.inject({
    url: '/userinfo',
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  expect(info.json().preferred_username).toMatch(/^guest-[0-9a-f]{16}$/);
  expect(claims['sub']).toBe(info.json().sub);
});

describe('a request that wants a fresh sign-in', () => {
  test('gets one at the provider, whose auth_time is checked', async () => {
    const cookies: Cookies = new Map();
    const browser = createBrowser(app);
    const before = Math.floor(Date.now() / 1000);
    await tokensOf(browser, { client, person: mina, visit: { cookies } }, { scope });
    exampleId.ageSignIns(1000);
    const { flow, answer } = await tokensOf(
      browser,
      { client, person: mina, visit: { cookies } },
      { scope, prompt: 'login' },
    );
    const tokens = (await flow.redeem(app, answer['code'] ?? '')).json();
    expect(decode(tokens.access_token).claims['auth_time']).toBeGreaterThanOrEqual(before);
  });

  test('learns when that was, if the person was signed in there already', async () => {
    const cookies: Cookies = new Map();
    await tokensOf(createBrowser(app), { client, person: mina, visit: { cookies } }, { scope });
    exampleId.ageSignIns(1000);
    const { flow, answer } = await tokensOf(
      createBrowser(app),
      { client, person: mina, visit: { cookies } },
      { scope },
    );
    const { claims } = decode((await flow.redeem(app, answer['code'] ?? '')).json().access_token);
    expect(Date.now() / 1000 - Number(claims['auth_time'])).toBeGreaterThan(900);
  });
});

describe('a person who comes back from the provider', () => {
  test('having cancelled, can sign in in another way', async () => {
    const browser = createBrowser(app);
    const { url } = await cancelAtExampleId(await leave(browser, createFlow(client).url));
    const page = nextPage(await browser.get(url));
    expect((await browser.get(page)).body).toContain('name="password"');
  });

  test('twice, is signed in once', async () => {
    const browser = createBrowser(app);
    const { url } = await signInAtExampleId(await leave(browser, createFlow(client).url), mina);
    nextPage(await browser.get(url));
    const again = await browser.get(url);
    expect([again.statusCode, again.body.includes('finished before')]).toEqual([404, true]);
  });

  test('in two tabs, is signed in for both', async () => {
    const browser = createBrowser(app);
    const cookies: Cookies = new Map();
    const urls = [await leave(browser, createFlow(client).url), await leave(browser, createFlow(client).url)];
    for (const url of urls)
      nextPage(await browser.get((await signInAtExampleId(url, mina, { cookies })).url));
  });

  test('is signed in, whatever another application’s cookie of that name says', async () => {
    const browser = createBrowser(app, undefined, foreignFirst);
    const { url } = await signInAtExampleId(await leave(browser, createFlow(client).url), mina);
    const page = nextPage(await browser.get(url));
    expect((await browser.get(page)).body).not.toContain('name="password"');
  });

  test.each([
    ['in another browser', () => createBrowser(app)],
    [
      'without cookies',
      () => {
        const browser = createBrowser(app);
        browser.cookies.set('unrelated', 'x');
        return browser;
      },
    ],
  ])('%s, is not signed in there', async (_, other) => {
    const browser = createBrowser(app);
    const { url } = await signInAtExampleId(await leave(browser, createFlow(client).url), mina);
    const answer = await other().get(url);
    expect(answer.statusCode).toBe(400);
    expect(answer.cookies.map(({ name }) => name).filter((name) => name.includes('login'))).toEqual([]);
    // The right browser can still finish.
    nextPage(await browser.get(url));
  });

  test.each<[string, (url: URL) => void, number]>([
    ['with another code', (url) => url.searchParams.set('code', 'made-up'), 400],
    ['with another issuer', (url) => url.searchParams.set('iss', 'https://evil.example'), 400],
    ['without an issuer', (url) => url.searchParams.delete('iss'), 400],
    ['with another state', (url) => url.searchParams.set('state', 'x'.repeat(43)), 404],
    ['without a state', (url) => url.searchParams.delete('state'), 404],
    ['with two states', (url) => url.searchParams.append('state', stateIn(url.href)), 400],
  ])('%s, is not signed in', async (_, change, status) => {
    const browser = createBrowser(app);
    const url = new URL((await signInAtExampleId(await leave(browser, createFlow(client).url), mina)).url);
    change(url);
    expect((await browser.get(url.href)).statusCode).toBe(status);
    expect([...browser.cookies.keys()].filter((name) => name.includes('login'))).toEqual([]);
  });

  test('after the provider has changed its key, is signed in', async () => {
    await signIn();
    await exampleId.rotateKeys();
    await signIn();
  });

  test('whose account is disabled, is not signed in, and the audit log says so', async () => {
    const { claims } = await signIn(viewer);
    const subject = String(claims['sub']);
    await database.change(subject, { disabledAt: new Date() });
    onTestFinished(async () => void (await database.change(subject, { disabledAt: null })));
    const browser = createBrowser(app);
    const { url } = await signInAtExampleId(await leave(browser, createFlow(client).url), viewer);
    expect((await browser.get(url)).statusCode).toBe(400);
    await eventually('the audit log says so', async () =>
      expect((await database.eventsOf(subject)).at(-1)).toMatchObject({
        ...{ event: 'sign_in.failed', details: { provider: 'example' } },
      }),
    );
  });
});

test('the first sign-in in two tabs at once makes one account', async () => {
  const [one, two] = [createBrowser(app), createBrowser(app)];
  await database.db.delete(identities);
  const before = await database.db.$count(accounts);
  const answers = await Promise.all(
    [one, two].map(async (browser) => {
      const flow = createFlow(client, { scope });
      return { browser, flow, url: (await signInAtExampleId(await leave(browser, flow.url), mina)).url };
    }),
  );
  await Promise.all(answers.map(async ({ browser, url }) => nextPage(await browser.get(url))));
  expect(await database.db.select().from(identities)).toHaveLength(1);
  expect(await database.db.$count(accounts)).toBe(before + 1);
});

test('somebody without a password cannot be guessed into', async () => {
  const { tokens } = await signIn();
  const info = await app.inject({
    url: '/userinfo',
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  const browser = createBrowser(app);
  const page = nextPage(await browser.get(createFlow(client).url));
  for (const password of ['null', 'undefined', ' ']) {
    const form = { action: 'sign_in', username: info.json().preferred_username, password };
    expect((await browser.post(page, form)).statusCode).toBe(400);
  }
});

test('another person in the same browser ends the sessions of the first', async () => {
  const { browser, tokens } = await signIn();
  const page = await signInElsewhere(browser, createFlow(client, { prompt: 'login' }).url, viewer);
  await browser.post(page, { action: 'allow' });
  returned(await browser.get(page));
  expect((await refresh(app, tokens.refresh_token, { client_id: client })).json()).toMatchObject({
    reason: 'replaced',
  });
});

test('a link of another site does not sign somebody out, and in as somebody else', async () => {
  const username = await somebody(app);
  const browser = createBrowser(app);
  await signInAt(browser, createFlow(client).url, username);
  const claims = JSON.stringify({ id_token: { sub: { value: 'nobody' } } });
  const link = createFlow(client, { identity_provider: 'example', claims, scope: 'openid' });
  // Our own page, and not the provider at once.
  nextPage(await browser.get(link.url));
});

test('somebody who set a password still comes in by an older sign-in at the provider', async () => {
  const cookies: Cookies = new Map();
  await tokensOf(createBrowser(app), { client, person: viewer, visit: { cookies } }, { scope });
  const [identity] = await database.db
    .select()
    .from(identities)
    .where(eq(identities.subject, viewer.subject));
  const of = eq(accounts.id, identity?.accountId ?? '');
  await database.db.update(accounts).set({ passwordChangedAt: new Date() }).where(of);
  exampleId.ageSignIns(60);
  const { answer } = await tokensOf(
    createBrowser(app),
    { client, person: viewer, visit: { cookies } },
    { scope },
  );
  expect(answer).toHaveProperty('code');
});

describe('a request that requires an acr', () => {
  const flowFor = (value: string, changes: Record<string, string> = {}) =>
    createFlow(client, {
      scope: 'openid',
      claims: JSON.stringify({ id_token: { acr: { essential: true, value } } }),
      ...changes,
    });

  test('of a password is not met by a sign-in elsewhere', async () => {
    const { browser } = await signIn();
    const page = nextPage(await browser.get(flowFor(acrPassword).url));
    const { body } = await browser.get(page);
    expect([body.includes('name="password"'), body.includes('/providers/')]).toEqual([true, false]);
    const silent = flowFor(acrPassword, { prompt: 'none' });
    expect(returned(await browser.get(silent.url))).toMatchObject({ error: 'login_required' });
  });

  test('of a provider is met by that, and not by a password', async () => {
    const browser = createBrowser(app);
    const { url } = flowFor(acrProvider);
    const page = await signInAt(browser, url, await somebody(app));
    expect(returned(await browser.get(page))).toMatchObject({ error: 'unmet_authentication_requirements' });
    const { answer } = await tokensOf(
      createBrowser(app),
      { client, person: mina },
      flowFor(acrProvider).parameters,
    );
    expect(answer).toHaveProperty('code');
  });
});
