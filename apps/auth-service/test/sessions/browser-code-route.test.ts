import { eventually, forThisFile } from '@latchkey/testing';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { revocationHeadKey, revocationsKey, sessionKey } from '../../src/redis/key-names.ts';
import {
  authorize,
  type Browser,
  callback,
  createBrowser,
  createFlow,
  foreignFirst,
  nextPage,
  registerApplication,
  returned,
  somebody,
} from '../oauth/authorization/authorization-fixture.ts';
import {
  bearer,
  decode,
  refreshCookie,
  signIn,
  startAuthApp,
  storefrontOrigin,
  testPassword,
  whoAmI,
} from '../support/auth-app.ts';
import { createOperator, openDatabase } from '../support/operator.ts';
import { keepData } from '../support/redis-data.ts';
import { keep, pageOf, redirect_uri } from './page-fixture.ts';
import { connect } from './session-fixture.ts';

const auth = await forThisFile(startAuthApp());
const { app } = auth;
const { pageFlow, aCode, aSession, byCookie } = pageOf(app);
const accounts = openDatabase(auth);
const operator = await createOperator(auth, accounts);
afterAll(() => accounts.close());

test('a code starts the same session as a password: a cookie, no refresh token in the body, every scope, renewal', async () => {
  const { browser, flow, code } = await aCode();
  const answer = keep(browser, await flow.redeemAtPage(browser, code));
  expect(answer.statusCode).toBe(201);
  const tokens = answer.json();
  expect(tokens).not.toHaveProperty('refresh_token');
  expect(tokens).not.toHaveProperty('id_token');
  expect(tokens.scope.split(' ')).toContain('payment:write');
  expect(answer.cookies[0]).toMatchObject({ name: refreshCookie, httpOnly: true, sameSite: 'Strict' });
  expect((await whoAmI(app, tokens.access_token)).statusCode).toBe(200);
  expect((await byCookie(browser)).json().session_id).toBe(tokens.session_id);
});

test('a code that is used twice ends the session that came of it (RFC 9700 §2.1.1)', async () => {
  const { browser, flow, code } = await aCode();
  keep(browser, await flow.redeemAtPage(browser, code));
  const again = await flow.redeemAtPage(createBrowser(app), code);
  expect([again.statusCode, again.json().code]).toEqual([400, 'invalid_code']);
  expect((await byCookie(browser)).json()).toMatchObject({ code: 'session_ended', reason: 'code_reused' });
});

/** Somebody signs in twice in one browser, the second time without a password. */
async function signInTwice() {
  const { browser, username, ...first } = await aSession();
  const second = pageFlow();
  const page = nextPage(await browser.get(second.url));
  // Anybody on this machine can pretend to be a page on localhost, so it asks once more (RFC 8252 §8.6).
  expect((await browser.get(page)).body).toContain(username);
  await browser.post(page, { action: 'continue' });
  const { code: next = '' } = returned(await browser.get(page), redirect_uri);
  expect(keep(browser, await second.redeemAtPage(browser, next)).statusCode).toBe(201);
  await eventually('the first session’s token is refused', async () =>
    expect((await whoAmI(app, first.access_token)).json()).toMatchObject({ reason: 'replaced' }),
  );
  return { browser, username, first };
}

test('a new session takes the place of the one that this browser had, and lives', async () => {
  const { browser } = await signInTwice();
  expect((await byCookie(browser)).statusCode).toBe(200);
});

test('whoever ends a session that another one has replaced ends nothing else', async () => {
  const { browser, username, first } = await signInTwice();
  const elsewhere = await signIn(app, username);
  const end = { method: 'DELETE', url: `/sessions/${first.session_id}` } as const;
  expect((await app.inject({ ...end, headers: bearer(elsewhere.access_token) })).statusCode).toBe(404);
  expect((await byCookie(browser)).statusCode).toBe(200);
});

describe('the end of a session that Redis lost', () => {
  test('because another one replaced it is repeated, and that other one lives', async () => {
    const { browser, first } = await signInTwice();
    const redis = connect(auth.redis.url);
    onTestFinished(() => redis.disconnect());
    const session = sessionKey(first.session_id);
    const [stream, head] = [revocationsKey(0), revocationHeadKey(0)];
    const newest = Number(await redis.hget(head, 'sequence'));
    // What a replica has that did not hear of the latest change, and becomes the master.
    await redis
      .multi()
      .hset(session, 's', 'active')
      .hdel(session, 'w')
      .xdel(stream, `${newest}-0`)
      .xsetid(stream, `${newest - 1}-0`)
      .hset(head, 'sequence', newest - 1)
      .exec();
    await eventually('it has ended again', async () =>
      expect(await redis.hmget(session, 's', 'w')).toEqual(['revoked', 'replaced']),
    );
    expect((await byCookie(browser)).statusCode).toBe(200);
  });

  test('because the person ended all but one is repeated, and that one lives though both began with one login', async () => {
    const { browser, access_token: token, session_id: id } = await aSession();
    const inAnotherTab = createBrowser(app);
    for (const [name, value] of browser.cookies)
      if (name !== refreshCookie) inAnotherTab.cookies.set(name, value);
    const flow = pageFlow();
    const page = nextPage(await inAnotherTab.get(flow.url));
    await inAnotherTab.post(page, { action: 'continue' });
    const { code = '' } = returned(await inAnotherTab.get(page), redirect_uri);
    const spared = keep(inAnotherTab, await flow.redeemAtPage(inAnotherTab, code)).json();
    const redis = connect(auth.redis.url);
    onTestFinished(() => redis.disconnect());
    const putBack = await keepData(redis);
    const others = { method: 'DELETE', url: '/sessions?except=current' } as const;
    await app.inject({ ...others, headers: bearer(spared.access_token) });
    await eventually('its token is refused', async () =>
      expect((await whoAmI(app, token)).json()).toMatchObject({ reason: 'ended_all' }),
    );
    await putBack();
    await eventually('it has ended again', async () =>
      expect(await redis.hmget(sessionKey(id), 's', 'w')).toEqual(['revoked', 'ended_all']),
    );
    expect((await byCookie(inAnotherTab)).statusCode).toBe(200);
    const next = nextPage(await inAnotherTab.get(pageFlow().url));
    expect((await inAnotherTab.get(next)).body).toContain('name="password"');
  });

  test('because the person ended it is repeated together with its login', async () => {
    const { browser, username, session_id: id, access_token: token } = await aSession();
    const elsewhere = await signIn(app, username);
    const redis = connect(auth.redis.url);
    onTestFinished(() => redis.disconnect());
    const putBack = await keepData(redis);
    await app.inject({ method: 'DELETE', url: `/sessions/${id}`, headers: bearer(elsewhere.access_token) });
    await eventually('its token is refused', async () =>
      expect((await whoAmI(app, token)).json()).toMatchObject({ reason: 'ended_by_user' }),
    );
    await putBack();
    await eventually('it has ended again', async () =>
      expect(await redis.hmget(sessionKey(id), 's', 'w')).toEqual(['revoked', 'ended_by_user']),
    );
    const next = nextPage(await browser.get(pageFlow().url));
    expect((await browser.get(next)).body).toContain('name="password"');
  });
});

describe('is refused and leaves the code good', () => {
  test.each([
    ['with another verifier', { code_verifier: 'x'.repeat(43) }, {}, 400, 'invalid_code'],
    ['with another redirect URI', { redirect_uri: 'http://localhost:3000' }, {}, 400, 'invalid_code'],
    ['with another code', { code: `0-${'x'.repeat(22)}` }, {}, 400, 'invalid_code'],
    ['without a verifier', { code_verifier: undefined }, {}, 400, 'invalid_request'],
    ['with a short verifier', { code_verifier: 'short' }, {}, 400, 'invalid_request'],
    ['for a native client', { client_id: 'latchkey-cli' }, {}, 400, 'unknown_client'],
    ['from another origin', {}, { origin: 'http://evil.example' }, 403, 'origin_not_allowed'],
    ['without an origin', {}, { origin: undefined }, 403, 'origin_not_allowed'],
    ['from another site', {}, { 'sec-fetch-site': 'cross-site' }, 403, 'cross_site'],
  ])('%s', async (_, changes, { ...headers }, status, problem) => {
    const { browser, flow, code } = await aCode();
    const all: Record<string, string | undefined> = { origin: storefrontOrigin, ...headers };
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const answer = await flow.redeemAtPage(browser, code, changes, sent as Record<string, string>);
    expect([answer.statusCode, answer.json().code]).toEqual([status, problem]);
    expect((await flow.redeemAtPage(browser, code)).statusCode).toBe(201);
  });

  test('when it is another client’s, and at the token endpoint when it is the page’s', async () => {
    const application = await registerApplication(auth);
    const others = createFlow(application.id);
    const browser = createBrowser(app);
    const { code = '' } = await authorize(browser, others, await somebody(app));
    const changes = { code_verifier: others.verifier, redirect_uri: callback };
    expect((await pageFlow().redeemAtPage(browser, code, changes)).json().code).toBe('invalid_code');
    expect((await others.redeem(app, code)).statusCode).toBe(200);

    const own = await aCode();
    expect((await own.flow.redeem(app, own.code)).json().error).toBe('unauthorized_client');
    expect((await own.flow.redeemAtPage(own.browser, own.code)).statusCode).toBe(201);
  });
});

test('a code that is bound to a key is worth nothing without that key (RFC 9449 §10)', async () => {
  const { browser, flow, code } = await aCode({ dpop_jkt: 'k'.repeat(43) });
  const answer = await flow.redeemAtPage(browser, code);
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_code']);
});

describe('signing out on the page', () => {
  const signOut = (browser: Browser, token: string) =>
    app.inject({
      method: 'DELETE',
      url: '/sessions/current',
      headers: { ...bearer(token), cookie: foreignFirst(browser.cookies) },
    });

  test('ends the login of this browser with what else began there, and asks for the password again', async () => {
    const application = await registerApplication(auth);
    const { browser, access_token: token } = await aSession();
    const others = createFlow(application.id);
    const page = nextPage(await browser.get(others.url));
    await browser.post(page, { action: 'allow' });
    const granted = returned(await browser.get(page));
    const tokens = (await others.redeem(app, granted['code'] ?? '')).json();
    const userInfo = () => app.inject({ url: '/userinfo', headers: bearer(tokens.access_token) });
    expect((await userInfo()).statusCode).toBe(200);

    expect((await signOut(browser, token)).statusCode).toBe(204);
    await eventually('both tokens are refused', async () => {
      expect((await userInfo()).json().reason).toBe('sign_out');
      expect((await whoAmI(app, token)).json().reason).toBe('sign_out');
    });
    const next = nextPage(await browser.get(pageFlow().url));
    expect((await browser.get(next)).body).toContain('name="password"');
  });

  test.each([
    ['the person, from another device', 'ended_by_user'],
    ['an operator', 'ended_by_operator'],
  ])('works from elsewhere, too: %s ends the login that it began with', async (_, reason) => {
    const { browser, username, session_id: id, access_token: token } = await aSession();
    const elsewhere = await signIn(app, username);
    const subject = String(decode(token).claims['sub']);
    const end =
      reason === 'ended_by_user'
        ? { url: `/sessions/${id}`, headers: bearer(elsewhere.access_token) }
        : { url: `/accounts/${subject}/sessions/${id}`, headers: bearer(operator.access_token) };
    expect((await app.inject({ method: 'DELETE', ...end })).statusCode).toBe(204);
    expect((await byCookie(browser)).json()).toMatchObject({ code: 'session_ended', reason });
    expect((await whoAmI(app, elsewhere.access_token)).statusCode).toBe(200);
    const next = nextPage(await browser.get(pageFlow().url));
    expect((await browser.get(next)).body).toContain('name="password"');
    expect((await app.inject({ method: 'DELETE', ...end })).statusCode).toBe(404);
  });

  test('leaves the login of somebody else in this browser, and the person’s own in another browser', async () => {
    const [first, others] = [await aSession(), await aCode()];
    const second = createBrowser(app);
    const page = nextPage(await second.get(pageFlow().url));
    await second.post(page, { action: 'sign_in', username: first.username, password: testPassword });
    expect((await signOut(others.browser, first.access_token)).statusCode).toBe(204);
    for (const browser of [second, others.browser]) {
      const silent = createFlow('storefront', { redirect_uri, scope: '', prompt: 'none' });
      const { error } = returned(await browser.get(silent.url), redirect_uri);
      expect(error).toBe('account_selection_required');
    }
  });
});
