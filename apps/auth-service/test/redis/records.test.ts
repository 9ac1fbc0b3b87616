import { randomUUID } from 'node:crypto';
import { seededPeople, signInAtExampleId } from '@latchkey/example-id';
import { forThisFile } from '@latchkey/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { createRecords } from '../../src/redis/records.ts';
import { leave, startProvider } from '../federation/federation-fixture.ts';
import {
  authorize,
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
  returned,
  somebody,
} from '../oauth/authorization/authorization-fixture.ts';
import { startLossyProxy } from '../sessions/lossy-proxy.ts';
import { connect, openTestRedis } from '../sessions/session-fixture.ts';
import { postForm, startAuthApp } from '../support/auth-app.ts';

const { server, redis } = await openTestRedis();
const proxy = await forThisFile(startLossyProxy(server.url));
const { env } = await startProvider();
const auth = await forThisFile(startAuthApp({ env: { ...env, REDIS_URL: proxy.url } }));
const { app } = auth;
const application = await registerApplication(auth);
const [mina] = seededPeople;
const losing = <T>(task: () => Promise<T>) => proxy.losing(':reply:', task);

describe('a record', () => {
  const lossy = connect(proxy.url);
  afterAll(() => lossy.disconnect());
  const recordsOf = (own: typeof redis) => createRecords({ redis: own, confirmAbsence: async () => {} });
  const records = recordsOf(lossy);

  test('is removed once, by whoever did it, also when the reply was lost', async () => {
    for (let round = 0; round < 20; round += 1) {
      const key = `{${randomUUID()}}:request`;
      await records.keep(key, 'a text', 60);
      expect(await losing(() => records.remove(key))).toBe(true);
      for (const other of [records, recordsOf(redis)]) expect(await other.remove(key)).toBe(false);
      expect(await records.find(key)).toBeUndefined();
      expect(await records.replace(key, 'another')).toBe(false);
    }
  });

  test('that never was is not removed, and its key is not used up', async () => {
    const key = `{${randomUUID()}}:request`;
    expect(await records.remove(key)).toBe(false);
    await records.keep(key, 'a text', 60);
    expect(await records.remove(key)).toBe(true);
  });
});

describe('when the reply to its last step is lost, a sign-in goes on', () => {
  /** Somebody who has allowed the application what it asks for. Redis knows all scripts afterwards. */
  async function signedIn() {
    const browser = createBrowser(app);
    await authorize(browser, createFlow(application.id), await somebody(app));
    return browser;
  }

  test('at another provider', async () => {
    await signedIn();
    const browser = createBrowser(app);
    const { url } = await signInAtExampleId(await leave(browser, createFlow(application.id).url), mina);
    nextPage(await losing(() => browser.get(url)));
    // What was taken is used up.
    expect((await browser.get(url)).statusCode).toBe(404);
  });

  test('at a page', async () => {
    const browser = createBrowser(app);
    const flow = createFlow(application.id);
    const page = nextPage(await browser.get(flow.url));
    await authorize(browser, createFlow(application.id), await somebody(app));
    const { code = '' } = returned(await losing(() => browser.get(page)));
    expect((await flow.redeem(app, code)).statusCode).toBe(200);
    expect((await browser.get(page)).statusCode).toBe(404);
  });

  test('by a pushed request', async () => {
    const browser = await signedIn();
    const { parameters } = createFlow(application.id);
    const pushed = await postForm(app, { url: '/par', parameters });
    const { request_uri } = pushed.json();
    const url = `/authorize?${new URLSearchParams({ client_id: application.id, request_uri })}`;
    expect(returned(await losing(() => browser.get(url)))).toHaveProperty('code');
    expect((await browser.get(url)).statusCode).toBe(400);
  });
});
