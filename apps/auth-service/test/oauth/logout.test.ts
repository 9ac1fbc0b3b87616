import { eventually, forThisFile } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { logoutDeliveries } from '../../src/database/schema.ts';
import { giveUpMs } from '../../src/oauth/logout/logout-deliveries.ts';
import { bearer, decode, refresh, startAuthApp, testIssuer, testPassword } from '../support/auth-app.ts';
import { ask, createPerson, openDatabase } from '../support/operator.ts';
import { createBrowser, createFlow, returned, somebody } from './authorization/authorization-fixture.ts';
import { afterwards, endSession, isSignedIn, signInTo, startApplication } from './logout-fixture.ts';

let ahead = 0;
const auth = await forThisFile(startAuthApp({ clock: () => Date.now() + ahead }));
const { app } = auth;

test('an application signs the person out: the login, its sessions at all applications, and each is told', async () => {
  const [one, two] = [await startApplication(auth), await startApplication(auth)];
  const browser = createBrowser(app);
  const username = await somebody(app);
  const first = await signInTo(auth, browser, { ...one, username });
  const second = createFlow(two.id, { scope: 'openid offline_access' });
  const page = String((await browser.get(second.url)).headers.location);
  await browser.post(page, { action: 'allow' });
  const { code = '' } = returned(await browser.get(page));
  const other = (await second.redeem(app, code)).json();

  const answer = await browser.get(
    endSession({ id_token_hint: first.id_token, post_logout_redirect_uri: afterwards, state: 's 1' }),
  );
  expect(answer.statusCode).toBe(303);
  expect(answer.headers.location).toBe(`${afterwards}?state=s+1`);
  expect((await refresh(app, first.refresh_token, { client_id: one.id })).json()).toMatchObject({
    error: 'invalid_grant',
    reason: 'sign_out',
  });
  await eventually('the other application’s token is refused', async () => {
    const asked = await app.inject({ url: '/userinfo', headers: bearer(other.access_token) });
    expect(asked.statusCode).toBe(401);
  });
  expect(await isSignedIn(browser, one)).toBe(false);
  await eventually('both are told', () => expect([one.heard.length, two.heard.length]).toEqual([1, 1]));
  expect(one.heard[0]).toMatchObject({
    typ: 'logout+jwt',
    iss: testIssuer,
    aud: one.id,
    sub: first.claims['sub'],
    sid: first.claims['sid'],
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
  expect(one.heard[0]).not.toHaveProperty('nonce');
});

test('without proof of who is signed in, a page asks first', async () => {
  const application = await startApplication(auth);
  const browser = createBrowser(app);
  const username = await somebody(app);
  await signInTo(auth, browser, { ...application, username });
  const stranger = await signInTo(auth, createBrowser(app), {
    ...application,
    username: await somebody(app),
  });
  for (const parameters of [{}, { id_token_hint: 'x.y.z' }, { id_token_hint: stranger.id_token }] as Record<
    string,
    string
  >[]) {
    expect((await browser.get(endSession(parameters))).body).toContain(username);
    expect(await isSignedIn(browser, application)).toBe(true);
  }
  // Another site's form is no answer to that page.
  const forged = await browser.post('/end-session', { answer: 'yes' }, { origin: 'https://evil.example' });
  expect(forged.statusCode).toBe(303);
  expect(await isSignedIn(browser, application)).toBe(true);
  expect((await browser.post('/end-session', { answer: 'yes' })).body).toContain('You are signed out');
  expect(await isSignedIn(browser, application)).toBe(false);
});

test.each([
  ['en', 'You are still signed in', 'You are signed out'],
  ['ko', '로그인 상태가 유지됩니다', '로그아웃되었습니다'],
])(
  'who answers that page with “Stay signed in” stays signed in, and reads so (%s)',
  async (language, stays, ended) => {
    const application = await startApplication(auth);
    const browser = createBrowser(app);
    const username = await somebody(app);
    await signInTo(auth, browser, { ...application, username });
    const no = { answer: 'no', ui_locales: language };
    const page = await browser.post('/end-session', no);
    expect([page.statusCode, page.cookies]).toEqual([200, []]);
    for (const text of [stays, username]) expect(page.body).toContain(text);
    expect(page.body).not.toContain(ended);
    const back = await browser.post('/end-session', {
      ...{ ...no, client_id: application.id, post_logout_redirect_uri: afterwards },
    });
    expect([back.statusCode, back.headers.location, back.cookies]).toEqual([303, afterwards, []]);
    expect(await isSignedIn(browser, application)).toBe(true);
    await browser.post('/end-session', { answer: 'yes' });
    const nobody = await browser.post('/end-session', no);
    expect(nobody.body).toContain(ended);
  },
);

test.each([
  ['another address', { post_logout_redirect_uri: 'https://evil.example/' }],
  ['an address without a client', { client_id: '', post_logout_redirect_uri: afterwards }],
  ['the redirect URI of a sign-in', { post_logout_redirect_uri: 'https://app.example/callback' }],
])('nobody is sent to %s', async (_, changes) => {
  const { id } = await startApplication(auth);
  const answer = await createBrowser(app).get(endSession({ client_id: id, ...changes }));
  expect(answer.statusCode).toBe(400);
  expect(answer.headers.location).toBeUndefined();
});

test.each(['state=x&state=y', 'state=&state=x', 'state=x&state=', 'unknown=&unknown='])(
  'a repeated parameter is refused, with or without a value, in a form as in a link: %s',
  async (parameters) => {
    const browser = createBrowser(app);
    expect((await browser.get(`/end-session?${parameters}`)).statusCode).toBe(400);
    const form = await app.inject({
      method: 'POST',
      url: '/end-session',
      payload: parameters,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.statusCode).toBe(400);
  },
);

test('the ID token of another client than the one that asks is refused', async () => {
  const [one, two] = [await startApplication(auth), await startApplication(auth)];
  const browser = createBrowser(app);
  const { id_token } = await signInTo(auth, browser, { ...one, username: await somebody(app) });
  expect((await browser.get(endSession({ id_token_hint: id_token, client_id: two.id }))).statusCode).toBe(
    400,
  );
  expect(await isSignedIn(browser, one)).toBe(true);
});

test('whatever ends a session, its application hears of it', async () => {
  const application = await startApplication(auth);
  const person = await createPerson(auth);
  const { claims } = await signInTo(auth, createBrowser(app), { ...application, username: person.username });
  await ask(auth, person, { method: 'DELETE', url: `/sessions/${claims['sid']}` });
  await eventually('it is told', () => expect(application.heard).toMatchObject([{ sid: claims['sid'] }]));

  await signInTo(auth, createBrowser(app), { ...application, username: person.username });
  await ask(auth, person, { method: 'DELETE', url: `/account/consents/${application.id}` });
  await eventually('it is told', () => expect(application.heard).toHaveLength(2));

  await signInTo(auth, createBrowser(app), { ...application, username: person.username });
  await ask(auth, person, { method: 'DELETE', url: '/sessions?except=current' });
  await eventually('it is told', () => expect(application.heard).toHaveLength(3));
});

test('somebody else who signs in with the same browser ends the sessions of the first', async () => {
  const application = await startApplication(auth);
  const browser = createBrowser(app);
  const first = await signInTo(auth, browser, { ...application, username: await somebody(app) });
  const again = createFlow(application.id, { prompt: 'login' });
  const page = String((await browser.get(again.url)).headers.location);
  await browser.post(page, { action: 'sign_in', username: await somebody(app), password: testPassword });
  expect((await refresh(app, first.refresh_token, { client_id: application.id })).json()).toMatchObject({
    reason: 'replaced',
  });
  await eventually('it is told', () =>
    expect(application.heard).toMatchObject([{ sub: first.claims['sub'] }]),
  );
});

test('the same person who signs in again keeps their sessions, and signs all of them out', async () => {
  const application = await startApplication(auth);
  const browser = createBrowser(app);
  const username = await somebody(app);
  const first = await signInTo(auth, browser, { ...application, username });
  const again = createFlow(application.id, { prompt: 'login' });
  const page = String((await browser.get(again.url)).headers.location);
  await browser.post(page, { action: 'sign_in', username, password: testPassword });
  await browser.get(endSession({ id_token_hint: first.id_token }));
  await eventually('it is told', () =>
    expect(application.heard).toMatchObject([{ sid: first.claims['sid'] }]),
  );
});

test('an application that fails is told again, until it listens', async () => {
  const application = await startApplication(auth, 500, 302, 200);
  const browser = createBrowser(app);
  const { id_token } = await signInTo(auth, browser, { ...application, username: await somebody(app) });
  await browser.get(endSession({ id_token_hint: id_token }));
  await eventually('it is told three times', () => expect(application.heard).toHaveLength(3));
  const ids = application.heard.map(({ jti }) => jti);
  expect(new Set(ids).size).toBe(3);
});

test('an application that failed while a clock was ahead is told again once the clock is right', async () => {
  const application = await startApplication(auth, 500, 200);
  const browser = createBrowser(app);
  ahead += 3_600_000;
  const { id_token } = await signInTo(auth, browser, { ...application, username: await somebody(app) });
  await browser.get(endSession({ id_token_hint: id_token }));
  await eventually('it is tried', () => expect(application.heard).toHaveLength(1));
  ahead -= 3_600_000;
  await eventually('it is told again', () => expect(application.heard).toHaveLength(2));
});

test('an application that never listens is given up after 15 minutes, and the audit log says so', async () => {
  const application = await startApplication(auth, 500);
  const browser = createBrowser(app);
  const { id_token, access_token } = await signInTo(auth, browser, {
    ...application,
    username: await somebody(app),
  });
  await browser.get(endSession({ id_token_hint: id_token }));
  await eventually('it is tried', () => expect(application.heard.length).toBeGreaterThan(0));
  ahead += giveUpMs;
  const database = openDatabase(auth);
  onTestFinished(() => database.close());
  await eventually('it is given up', async () => {
    const rows = await database.db
      .select()
      .from(logoutDeliveries)
      .where(eq(logoutDeliveries.clientId, application.id));
    expect(rows).toEqual([]);
  });
  await eventually('the audit log says so', async () => {
    const events = await database.eventsOf(String(decode(access_token).claims['sub']));
    expect(events.map(({ event }) => event)).toContain('logout.undelivered');
  });
});
