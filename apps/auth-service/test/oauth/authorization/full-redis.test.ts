import { eventually, forThisFile } from '@latchkey/testing';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../sessions/session-fixture.ts';
import { postForm, startAuthApp } from '../../support/auth-app.ts';
import {
  authorize,
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
  returned,
  somebody,
} from './authorization-fixture.ts';

const auth = await forThisFile(startAuthApp());
const { app } = auth;
const application = await registerApplication(auth);

/** Somebody who is signed in and has allowed the application what it asks for. */
async function signedIn() {
  const browser = createBrowser(app);
  // Another tab, which shows the page of a sign-in.
  const waiting = createFlow(application.id);
  const page = nextPage(await browser.get(waiting.url));
  await authorize(browser, createFlow(application.id), await somebody(app));
  return { browser, page, waiting };
}

async function withFullRedis(ask: () => Promise<void>): Promise<void> {
  const redis = connect(auth.redis.url);
  onTestFinished(() => redis.disconnect());
  await redis.config('SET', 'maxmemory', 1);
  try {
    await expect(redis.set('one', 'more')).rejects.toThrow('OOM');
    await ask();
  } finally {
    await redis.config('SET', 'maxmemory', 0);
  }
}

test('a page that Redis has no room to answer can be loaded again', async () => {
  const { browser, page, waiting } = await signedIn();
  await withFullRedis(async () => expect((await browser.get(page)).statusCode).toBe(503));
  const { code = '' } = returned(await browser.get(page));
  expect((await waiting.redeem(app, code)).statusCode).toBe(200);
  expect((await browser.get(page)).statusCode).toBe(404);
});

test.each([
  ['of somebody who is signed in', async () => (await signedIn()).browser, returned],
  ['of somebody who must sign in', async () => createBrowser(app), nextPage],
])('a pushed request %s, for which Redis has no room, can be sent again', async (_, start, answered) => {
  const browser = await start();
  const { parameters } = createFlow(application.id);
  const pushed = await postForm(app, { url: '/par', parameters });
  const query = new URLSearchParams({ client_id: application.id, request_uri: pushed.json().request_uri });
  const url = `/authorize?${query}`;
  await withFullRedis(async () => expect((await browser.get(url)).statusCode).toBe(503));
  await eventually('Redis is asked again', async () => answered(await browser.get(url)));
  expect((await browser.get(url)).statusCode).toBe(400);
});
