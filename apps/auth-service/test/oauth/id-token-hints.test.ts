import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { decode, startAuthApp } from '../support/auth-app.ts';
import { ask, createOperator, openDatabase } from '../support/operator.ts';
import { createBrowser, createFlow, returned, somebody } from './authorization/authorization-fixture.ts';
import { afterwards, endSession, isSignedIn, signInTo, startApplication } from './logout-fixture.ts';

let ahead = 0;
const auth = await forThisFile(startAuthApp({ clock: () => Date.now() + ahead }));
const database = await forThisFile(
  Promise.resolve(openDatabase(auth)).then((opened) => ({ ...opened, stop: opened.close })),
);

/** Somebody who is signed in, and the application that has their ID token. */
async function signIn() {
  const application = await startApplication(auth);
  const browser = createBrowser(auth.app);
  const username = await somebody(auth.app);
  const { id_token: hint } = await signInTo(auth, browser, { ...application, username });
  return { application, browser, username, hint, kid: String(decode(hint).header['kid']) };
}

const publishedKids = async (): Promise<string[]> =>
  (await auth.app.inject('/.well-known/jwks.json')).json().keys.map(({ kid }: { kid: string }) => kid);

test('an ID token of a revoked key signs nobody out by itself, and leads nobody away', async () => {
  const { application, browser, username, hint, kid } = await signIn();
  const operator = await createOperator(auth, database);
  const revoked = await ask(auth, operator, { method: 'DELETE', url: `/keys/${kid}` });
  expect(revoked.statusCode).toBe(204);
  const parameters = { id_token_hint: hint, post_logout_redirect_uri: afterwards };
  const page = await browser.get(endSession(parameters));
  expect([page.statusCode, page.headers.location]).toEqual([200, undefined]);
  expect(page.body).toContain(username);
  expect(await isSignedIn(browser, application)).toBe(true);
  const answer = await browser.post('/end-session', { ...parameters, answer: 'yes' });
  expect([answer.statusCode, answer.headers.location]).toEqual([200, undefined]);
  expect(answer.body).toContain('You are signed out');
  expect(await isSignedIn(browser, application)).toBe(false);
});

test('an ID token is a hint long after it has expired, and after its key has left the set', async () => {
  const { application, browser, hint, kid } = await signIn();
  const operator = await createOperator(auth, database);
  ahead += 90_000;
  const rotated = await ask(auth, operator, { method: 'POST', url: '/keys/rotation' });
  expect(rotated.statusCode).toBe(200);
  await auth.pause(async () => {
    ahead += 330_000;
  });
  expect(await publishedKids()).not.toContain(kid);
  const later = createBrowser(auth.app);
  for (const [name, value] of browser.cookies) later.cookies.set(name, value);
  const silent = createFlow(application.id, { scope: 'openid', prompt: 'none', id_token_hint: hint });
  expect(returned(await later.get(silent.url))).toHaveProperty('code');
  const answer = await later.get(endSession({ id_token_hint: hint, post_logout_redirect_uri: afterwards }));
  expect([answer.statusCode, answer.headers.location]).toEqual([303, afterwards]);
  expect(await isSignedIn(later, application)).toBe(false);
});
