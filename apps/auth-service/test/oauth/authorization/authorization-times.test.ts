import { forThisFile } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { decode, startAuthApp } from '../../support/auth-app.ts';
import {
  authorize,
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
  returned,
  somebody,
} from './authorization-fixture.ts';

let ahead = 0;
const auth = await forThisFile(startAuthApp({ clock: () => Date.now() + ahead }));
const { app } = auth;
const application = await registerApplication(auth);

test('max_age is counted from the sign-in, and auth_time tells it', async () => {
  const username = await somebody(app);
  const browser = createBrowser(app);
  await authorize(browser, createFlow(application.id), username);
  const before = Math.floor((Date.now() + ahead) / 1000);
  ahead += 100_000;
  const flow = createFlow(application.id, { max_age: '3600' });
  const { code = '' } = returned(await browser.get(flow.url));
  const tokens = (await flow.redeem(app, code)).json();
  const authTime = Number(decode(tokens.id_token).claims['auth_time']);
  expect(before - authTime).toBeLessThan(60);
  expect(decode(tokens.access_token).claims['auth_time']).toBe(authTime);
  const strict = createFlow(application.id, { max_age: '60' });
  expect((await browser.get(nextPage(await browser.get(strict.url)))).body).toContain('name="password"');
});

test('a login ends after two idle hours, and after twelve at the latest', async () => {
  const silent = () => createFlow(application.id, { prompt: 'none' }).url;
  const browser = createBrowser(app);
  await authorize(browser, createFlow(application.id), await somebody(app));
  const redis = new Redis(auth.redis.url);
  const keys = await redis.keys('{0}:l:*');
  const left = await Promise.all(keys.map((key) => redis.pttl(key)));
  redis.disconnect();
  expect(Math.max(...left)).toBeLessThanOrEqual(2 * 3600 * 1000);
  ahead += 11.9 * 3600 * 1000;
  expect(returned(await browser.get(silent()))['code']).toBeDefined();
  ahead += 0.2 * 3600 * 1000;
  expect(returned(await browser.get(silent()))['error']).toBe('login_required');
});
