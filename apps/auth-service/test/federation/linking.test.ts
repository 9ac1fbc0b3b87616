import { type Cookies, cancelAtExampleId, seededPeople, signInAtExampleId } from '@latchkey/example-id';
import { eventually, forThisFile } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { accounts, identities } from '../../src/database/schema.ts';
import {
  createBrowser,
  createFlow,
  nextPage,
  returned,
} from '../oauth/authorization/authorization-fixture.ts';
import {
  bearer,
  decode,
  from,
  refresh,
  register,
  signIn,
  startAuthApp,
  storefrontOrigin,
  testPassword,
  whoAmI,
} from '../support/auth-app.ts';
import { openDatabase } from '../support/operator.ts';
import { startProvider } from './federation-fixture.ts';

const [mina, viewer] = seededPeople;
const { exampleId, env } = await startProvider();
const auth = await forThisFile(startAuthApp({ env }));
const { app } = auth;
const database = await forThisFile(
  Promise.resolve(openDatabase(auth)).then((opened) => ({ ...opened, stop: opened.close })),
);
beforeEach(async () => {
  await database.db.delete(identities);
});

type Proof = { password?: string };

/** Somebody who is signed in at the shop's page. */
async function atThePage() {
  const username = await register(app);
  const browser = createBrowser(app);
  const answer = await app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'storefront', username, password: testPassword },
    headers: { origin: storefrontOrigin },
  });
  const token = String(answer.json().access_token);
  return { username, token, browser, ...pageOf(token, browser) };
}

/** What the page asks for with a token. */
function pageOf(token: string, browser: ReturnType<typeof createBrowser>) {
  const call = async (
    method: 'GET' | 'POST' | 'DELETE' | 'PUT',
    url: string,
    payload?: object,
    more: Record<string, string> = {},
  ) => {
    const headers = { ...bearer(token), origin: storefrontOrigin, ...more };
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
    for (const { name, value } of answer.cookies) browser.cookies.set(name, value);
    return answer;
  };
  return {
    call,
    begin: (
      proof: Proof = { password: testPassword },
      changes: object = {},
      headers: Record<string, string> = {},
    ) => {
      const body = {
        provider: 'example',
        return_to: `${storefrontOrigin}/?tab=account`,
        ...proof,
        ...changes,
      };
      return call('POST', '/account/identities', body, headers);
    },
    list: async () => (await call('GET', '/account/identities')).json(),
  };
}

type Page = Awaited<ReturnType<typeof atThePage>>;

/** Links an identity. Resolves to the outcome that the page is told. */
async function link(page: Pick<Page, 'begin' | 'browser'>, person = mina, proof?: Proof) {
  const begun = await page.begin(proof);
  if (begun.statusCode !== 200) throw new Error(`${begun.statusCode}: ${begun.body}`);
  const { url } = await signInAtExampleId(begun.json().location, person);
  return outcomeOf(await page.browser.get(url));
}

function outcomeOf({ statusCode, headers }: { statusCode: number; headers: Record<string, unknown> }) {
  const location = new URL(String(headers['location']));
  expect([statusCode, location.origin]).toEqual([303, storefrontOrigin]);
  expect(location.searchParams.get('tab')).toBe('account');
  return location.searchParams.get('identity');
}

/** Signs in at the shop's page by Example ID. */
async function elsewhere(person = mina, cookies: Cookies = new Map(), more: Record<string, string> = {}) {
  const redirect_uri = `${storefrontOrigin}/`;
  const browser = createBrowser(app);
  const flow = createFlow('storefront', { redirect_uri, scope: '', identity_provider: 'example', ...more });
  const entrance = String((await browser.get(flow.url)).headers.location);
  const there = String((await browser.get(entrance)).headers.location);
  const page = nextPage(await browser.get((await signInAtExampleId(there, person, { cookies })).url));
  const { code = '' } = returned(await browser.get(page), redirect_uri);
  const answer = await app.inject({
    method: 'POST',
    url: '/sessions/code',
    payload: { client_id: 'storefront', code, redirect_uri, code_verifier: flow.verifier },
    headers: { origin: storefrontOrigin },
  });
  const token = String(answer.json().access_token);
  return { token, browser, ...pageOf(token, browser) };
}

const subjectOf = async (token: string) => (await whoAmI(app, token)).json().id;

describe('linking', () => {
  test('after the password: then the person gets into the same account from elsewhere', async () => {
    const page = await atThePage();
    expect(await page.list()).toEqual({ has_password: true, identities: [] });
    expect(await link(page)).toBe('linked');
    expect(await page.list()).toMatchObject({
      identities: [{ provider: 'example', display_name: mina.name, id: expect.any(String) }],
    });
    expect(await subjectOf((await elsewhere()).token)).toBe(await subjectOf(page.token));
  });

  test('ends the person’s other sessions, and not this one', async () => {
    const page = await atThePage();
    const phone = await signIn(app, page.username);
    await link(page);
    expect((await refresh(app, phone.refresh_token)).json()).toMatchObject({ reason: 'ways_in_changed' });
    expect((await whoAmI(app, page.token)).statusCode).toBe(200);
    const subject = await subjectOf(page.token);
    await eventually('the audit log says so', async () => {
      const events = (await database.eventsOf(subject)).map(({ event }) => event);
      expect(events).toEqual(expect.arrayContaining(['identity.linked', 'session.ended']));
    });
  });

  test('the same identity twice changes nothing, and another account’s is refused', async () => {
    const page = await atThePage();
    await link(page);
    expect(await link(page)).toBe('known');
    expect(await link(await atThePage())).toBe('taken');
    expect(await subjectOf((await elsewhere()).token)).toBe(await subjectOf(page.token));
  });

  test.each<[string, Proof, object, number]>([
    ['with a wrong password', { password: 'not this one, surely' }, {}, 401],
    ['without a password', {}, {}, 401],
    ['to an unknown provider', { password: testPassword }, { provider: 'nobody' }, 404],
    ['returning to another site', { password: testPassword }, { return_to: 'https://evil.example/' }, 403],
    ['returning to no URL', { password: testPassword }, { return_to: 'javascript:alert(1)' }, 403],
  ])('%s is refused', async (_, proof, changes, status) => {
    expect((await (await atThePage()).begin(proof, changes)).statusCode).toBe(status);
  });

  test('by the page of another site is refused', async () => {
    const { call } = await atThePage();
    const body = { provider: 'example', return_to: `${storefrontOrigin}/`, password: testPassword };
    expect(
      (await call('POST', '/account/identities', body, { origin: 'https://evil.example' })).statusCode,
    ).toBe(403);
  });

  test('one network can begin 200 at once', async () => {
    const page = await atThePage();
    const statuses = new Set<number>();
    // The password is not what limits it.
    await database.db
      .update(accounts)
      .set({ passwordHash: null })
      .where(eq(accounts.username, page.username));
    for (let attempt = 0; attempt < 250 && !statuses.has(429); attempt++) {
      const begun = await page.begin({}, {}, from('many links'));
      statuses.add(begun.statusCode);
    }
    expect(statuses).toEqual(new Set([200, 429]));
    expect((await page.begin({})).statusCode).toBe(200);
  });

  test('cannot be finished in the browser of somebody else', async () => {
    const attacker = await atThePage();
    const { location } = (await attacker.begin()).json();
    const victim = createBrowser(app);
    victim.cookies.set('unrelated', 'x');
    expect((await victim.get((await signInAtExampleId(location, viewer)).url)).statusCode).toBe(400);
    expect(await attacker.list()).toMatchObject({ identities: [] });
  });

  test('that was cancelled, or whose session has ended meanwhile, links nothing', async () => {
    const page = await atThePage();
    const { url } = await cancelAtExampleId((await page.begin()).json().location);
    expect(outcomeOf(await page.browser.get(url))).toBe('cancelled');
    const begun = (await page.begin()).json();
    await page.call('DELETE', '/sessions/current');
    expect(outcomeOf(await page.browser.get((await signInAtExampleId(begun.location, mina)).url))).toBe(
      'over',
    );
    expect(await database.db.select().from(identities)).toEqual([]);
  });
});

describe('unlinking', () => {
  test('after the password, ends the other sessions; from elsewhere one gets into a new account', async () => {
    const page = await atThePage();
    await link(page);
    const other = await elsewhere();
    const [identity] = (await page.list()).identities;
    const url = `/account/identities/${identity.id}`;
    expect((await page.call('DELETE', url, { password: 'not this one, surely' })).statusCode).toBe(401);
    expect((await page.call('DELETE', url, { password: testPassword })).statusCode).toBe(204);
    await eventually('the other session has ended', async () =>
      expect((await whoAmI(app, other.token)).statusCode).toBe(401),
    );
    expect((await page.call('DELETE', url, { password: testPassword })).statusCode).toBe(404);
    expect(await subjectOf((await elsewhere()).token)).not.toBe(await subjectOf(page.token));
  });

  test('the last way in is refused, also when two requests unlink the last two at once', async () => {
    const page = await elsewhere();
    const [first] = (await page.list()).identities;
    const refused = await page.call('DELETE', `/account/identities/${first.id}`, {});
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'last_way_in']);
    await link({ ...page, begin: (_proof, changes) => page.begin({}, changes) }, viewer, {});
    const { identities: both } = await page.list();
    expect(both).toHaveLength(2);
    const answers = await Promise.all(
      both.map(({ id }: { id: string }) => page.call('DELETE', `/account/identities/${id}`, {})),
    );
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([204, 409]);
  });

  test('an identity of a provider that is configured no more is no way in', async () => {
    const page = await elsewhere();
    const [usable] = (await page.list()).identities;
    const accountId = await subjectOf(page.token);
    const gone = { id: 'g'.repeat(22), provider: 'gone', issuer: 'https://gone.example', subject: '1' };
    await database.db.insert(identities).values({ ...gone, accountId, linkedAt: new Date() });
    const unlink = (id: string) => page.call('DELETE', `/account/identities/${id}`, {});
    expect((await unlink(usable.id)).json().code).toBe('last_way_in');
    expect((await unlink(gone.id)).statusCode).toBe(204);
  });
});

describe('somebody without a password', () => {
  test('proves that it is them by having just signed in', async () => {
    const cookies: Cookies = new Map();
    const page = await elsewhere(mina, cookies);
    expect((await page.begin({})).statusCode).toBe(200);
    exampleId.ageSignIns(1000);
    const later = await elsewhere(mina, cookies);
    const { id } = (await database.db.select().from(identities)).at(0) ?? {};
    for (const answer of [await later.begin({}), await later.call('DELETE', `/account/identities/${id}`, {})])
      expect(answer.statusCode).toBe(401);
  });

  test('authenticates anew at the provider, and not by a password', async () => {
    const cookies: Cookies = new Map();
    const page = await elsewhere(mina, cookies);
    const refused = await page.call('POST', '/sessions/current/reauthentication', { password: testPassword });
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'no_password']);
    exampleId.ageSignIns(1000);
    const age = async (more: Record<string, string>) =>
      Date.now() / 1000 - Number(decode((await elsewhere(mina, cookies, more)).token).claims['auth_time']);
    expect(await age({})).toBeGreaterThan(900);
    expect(await age({ max_age: '0' })).toBeLessThan(60);
  });

  test('can set one, and then use it', async () => {
    const page = await elsewhere();
    const { username } = (await whoAmI(app, page.token)).json();
    const body = { new_password: testPassword };
    expect((await page.call('PUT', '/account/password', body)).statusCode).toBe(204);
    expect(await page.list()).toMatchObject({ has_password: true });
    expect((await signIn(app, username)).access_token).toBeDefined();
    // From now on it takes the password.
    expect(
      (await page.call('PUT', '/account/password', { new_password: 'another long passphrase' })).statusCode,
    ).toBe(400);
  });
});

test('what is kept of a person elsewhere goes with their account', async () => {
  const page = await atThePage();
  await link(page);
  const id = await subjectOf(page.token);
  await database.db.delete(accounts).where(eq(accounts.id, id));
  expect(await database.db.select().from(identities)).toEqual([]);
});
