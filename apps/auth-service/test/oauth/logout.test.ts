import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventually, forThisFile } from '@latchkey/testing';
import { eq } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { logoutDeliveries } from '../../src/database/schema.ts';
import { giveUpMs } from '../../src/oauth/logout/logout-deliveries.ts';
import { bearer, decode, refresh, startAuthApp, testIssuer, testPassword } from '../support/auth-app.ts';
import { ask, createPerson, openDatabase } from '../support/operator.ts';
import {
  type Application,
  authorize,
  type Browser,
  createBrowser,
  createFlow,
  registerApplication,
  returned,
  somebody,
} from './authorization/authorization-fixture.ts';

let ahead = 0;
const auth = await forThisFile(startAuthApp({ clock: () => Date.now() + ahead }));
const { app } = auth;

const afterwards = 'https://app.example/bye';

/** An application that hears of ended sessions. `statuses`: its answers, the last one for good. */
async function startApplication(...statuses: number[]) {
  const heard: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    const token = new URLSearchParams(await text(request)).get('logout_token') ?? '';
    heard.push({ ...decode(token).claims, typ: decode(token).header['typ'] });
    response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const application = await registerApplication(auth, {
    // So that a token with the wrong subject is noticed.
    subject_type: 'pairwise',
    post_logout_redirect_uris: [afterwards],
    backchannel_logout_uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout`,
  });
  return { ...application, heard };
}

async function signInTo(browser: Browser, { id }: Application, username: string) {
  const flow = createFlow(id, { scope: 'openid offline_access' });
  const { code = '' } = await authorize(browser, flow, username);
  const tokens = (await flow.redeem(app, code)).json();
  return { ...tokens, claims: decode(tokens.id_token).claims } as {
    access_token: string;
    refresh_token: string;
    id_token: string;
    claims: Record<string, unknown>;
  };
}

const endSession = (parameters: Record<string, string>) => `/end-session?${new URLSearchParams(parameters)}`;

const isSignedIn = async (browser: Browser, { id }: Application) =>
  returned(await browser.get(createFlow(id, { prompt: 'none' }).url))['error'] !== 'login_required';

test('an application signs the person out: the login, its sessions at all applications, and each is told', async () => {
  const [one, two] = [await startApplication(), await startApplication()];
  const browser = createBrowser(app);
  const username = await somebody(app);
  const first = await signInTo(browser, one, username);
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
  expect((await app.inject({ url: '/userinfo', headers: bearer(other.access_token) })).statusCode).toBe(401);
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
  const application = await startApplication();
  const browser = createBrowser(app);
  const username = await somebody(app);
  await signInTo(browser, application, username);
  const stranger = await signInTo(createBrowser(app), application, await somebody(app));
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
  ['another address', { post_logout_redirect_uri: 'https://evil.example/' }],
  ['an address without a client', { client_id: '', post_logout_redirect_uri: afterwards }],
  ['the redirect URI of a sign-in', { post_logout_redirect_uri: 'https://app.example/callback' }],
])('nobody is sent to %s', async (_, changes) => {
  const { id } = await startApplication();
  const answer = await createBrowser(app).get(endSession({ client_id: id, ...changes }));
  expect(answer.statusCode).toBe(400);
  expect(answer.headers.location).toBeUndefined();
});

test('the ID token of another client than the one that asks is refused', async () => {
  const [one, two] = [await startApplication(), await startApplication()];
  const browser = createBrowser(app);
  const { id_token } = await signInTo(browser, one, await somebody(app));
  expect((await browser.get(endSession({ id_token_hint: id_token, client_id: two.id }))).statusCode).toBe(
    400,
  );
  expect(await isSignedIn(browser, one)).toBe(true);
});

test('whatever ends a session, its application hears of it', async () => {
  const application = await startApplication();
  const person = await createPerson(auth);
  const { claims } = await signInTo(createBrowser(app), application, person.username);
  await ask(auth, person, { method: 'DELETE', url: `/sessions/${claims['sid']}` });
  await eventually('it is told', () => expect(application.heard).toMatchObject([{ sid: claims['sid'] }]));

  await signInTo(createBrowser(app), application, person.username);
  await ask(auth, person, { method: 'DELETE', url: `/account/consents/${application.id}` });
  await eventually('it is told', () => expect(application.heard).toHaveLength(2));

  await signInTo(createBrowser(app), application, person.username);
  await ask(auth, person, { method: 'DELETE', url: '/sessions?except=current' });
  await eventually('it is told', () => expect(application.heard).toHaveLength(3));
});

test('somebody else who signs in with the same browser ends the sessions of the first', async () => {
  const application = await startApplication();
  const browser = createBrowser(app);
  const first = await signInTo(browser, application, await somebody(app));
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
  const application = await startApplication();
  const browser = createBrowser(app);
  const username = await somebody(app);
  const first = await signInTo(browser, application, username);
  const again = createFlow(application.id, { prompt: 'login' });
  const page = String((await browser.get(again.url)).headers.location);
  await browser.post(page, { action: 'sign_in', username, password: testPassword });
  await browser.get(endSession({ id_token_hint: first.id_token }));
  await eventually('it is told', () =>
    expect(application.heard).toMatchObject([{ sid: first.claims['sid'] }]),
  );
});

test('an application that fails is told again, until it listens', async () => {
  const application = await startApplication(500, 302, 200);
  const browser = createBrowser(app);
  const { id_token } = await signInTo(browser, application, await somebody(app));
  await browser.get(endSession({ id_token_hint: id_token }));
  await eventually('it is told three times', () => expect(application.heard).toHaveLength(3));
  const ids = application.heard.map(({ jti }) => jti);
  expect(new Set(ids).size).toBe(3);
});

test('an application that never listens is given up after 15 minutes, and the audit log says so', async () => {
  const application = await startApplication(500);
  const browser = createBrowser(app);
  const { id_token, access_token } = await signInTo(browser, application, await somebody(app));
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
