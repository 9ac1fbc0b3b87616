import { createHash } from 'node:crypto';
import { forThisFile } from '@latchkey/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { unknownAuthTime } from '../../../src/tokens/claims.ts';
import { decode, startAuthApp, testPassword } from '../../support/auth-app.ts';
import { ask, createPerson, openDatabase } from '../../support/operator.ts';
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

test('a login from while a clock was ahead never counts as recent, and its tokens are accepted', async () => {
  const username = await somebody(app);
  const browser = createBrowser(app);
  ahead = 3_600_000;
  await authorize(browser, createFlow(application.id), username);
  ahead = 0;
  const strict = createFlow(application.id, { max_age: '86400' });
  expect((await browser.get(nextPage(await browser.get(strict.url)))).body).toContain('name="password"');
  const flow = createFlow(application.id);
  const { code = '' } = returned(await browser.get(flow.url));
  const { access_token } = (await flow.redeem(app, code)).json();
  expect(decode(access_token).claims['auth_time']).toBe(unknownAuthTime);
});

test('a changed password ends a login from while a clock was ahead', async () => {
  ahead = 0;
  const person = await createPerson(auth);
  const browser = createBrowser(app);
  ahead = 3_600_000;
  await authorize(browser, createFlow(application.id), person.username);
  ahead = 0;
  const changed = await ask(auth, person, {
    method: 'PUT',
    url: '/account/password',
    payload: {
      current_password: testPassword,
      new_password: 'another long enough passphrase',
      end_other_sessions: false,
    },
  });
  expect(changed.statusCode).toBe(204);
  const silent = createFlow(application.id, { prompt: 'none' });
  expect(returned(await browser.get(silent.url))['error']).toBe('login_required');
});

test('a password that was changed while a clock was ahead prevents no sign-in at our pages', async () => {
  const person = await createPerson(auth);
  const database = openDatabase(auth);
  onTestFinished(() => database.close());
  await database.change(person.id, { passwordChangedAt: new Date(Date.now() + ahead + 3_600_000) });
  const signedIn = await authorize(createBrowser(app), createFlow(application.id), person.username);
  expect(signedIn['code']).toBeDefined();
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

test('a login that is used again and again does not grow without end', async () => {
  const redis = new Redis(auth.redis.url);
  onTestFinished(() => redis.disconnect());
  const browser = createBrowser(app);
  await authorize(browser, createFlow(application.id), await somebody(app));
  const [, id = ''] = [...browser.cookies].find(([name]) => name.includes('login')) ?? [];
  const login = `{0}:l:${createHash('sha256').update(id).digest('base64url')}`;
  const expired = Array.from({ length: 200 }, (_, index) => [`session:0-${index}`, application.id]);
  await redis.hset(login, Object.fromEntries([...expired, ['session:0-other', 'another client']]));
  const redeemed = [];
  for (let count = 0; count < 2; count += 1) {
    const flow = createFlow(application.id);
    const { code = '' } = returned(await browser.get(flow.url));
    redeemed.push(decode((await flow.redeem(app, code)).json().id_token).claims['sid']);
  }
  const named = (await redis.hkeys(login)).filter((field) => field.startsWith('session:'));
  expect(named.toSorted()).toEqual(['0-other', ...redeemed].map((sid) => `session:${sid}`).toSorted());
});
