import { forThisFile } from '@latchkey/testing';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { createLoginStore } from '../../src/logins/login-store.ts';
import { sessionKey } from '../../src/redis/key-names.ts';
import { bearer, register, signIn, startAuthApp } from '../support/auth-app.ts';
import { startLossyProxy } from './lossy-proxy.ts';
import { pageOf } from './page-fixture.ts';
import { connect, createStore, createTestDataSets, newSession, openTestRedis } from './session-fixture.ts';

// The connection to Redis breaks after a script has ended sessions, and ioredis sends the script again.

const { server } = await openTestRedis();
const proxy = await forThisFile(startLossyProxy(server.url));
const auth = await forThisFile(startAuthApp({ env: { REDIS_URL: proxy.url } }));
const { app } = auth;
const { aSession } = pageOf(app);

const endsOnRecord = (sessionId: string) =>
  auth
    .logs()
    .split('\n')
    .filter((line) => line.includes('"audit session.ended"') && line.includes(sessionId));

const end = (url: string, token: string) => app.inject({ method: 'DELETE', url, headers: bearer(token) });

async function devices(count: number) {
  const username = await register(app);
  const sessions = [];
  for (let index = 0; index < count; index += 1) sessions.push(await signIn(app, username));
  return sessions as [(typeof sessions)[0], (typeof sessions)[0], ...typeof sessions];
}

// Redis knows the scripts then, so the reply that is lost is theirs.
beforeAll(async () => {
  const { session_id: id, username } = await aSession();
  const { access_token: token } = await signIn(app, username);
  await end(`/sessions/${id}`, token);
  await end('/sessions', token);
});

test('a person who signs out another device is told that it was done, and it is on record once', async () => {
  const [phone, laptop] = await devices(2);
  const url = `/sessions/${phone.session_id}`;
  const answer = await proxy.losing(sessionKey(phone.session_id), () => end(url, laptop.access_token));
  expect(answer.statusCode).toBe(204);
  expect(endsOnRecord(phone.session_id)).toHaveLength(1);
  expect((await end(url, laptop.access_token)).statusCode).toBe(404);
});

test('a page’s session that ends together with its login is on record once', async () => {
  const { username, session_id: id } = await aSession();
  const { access_token: token } = await signIn(app, username);
  const answer = await proxy.losing(':reply:', () => end(`/sessions/${id}`, token));
  expect(answer.statusCode).toBe(204);
  expect(endsOnRecord(id)).toHaveLength(1);
});

test('each device is on record once when a person signs out of all of them', async () => {
  const all = await devices(3);
  const [{ session_id: id, access_token: token }] = all;
  const answer = await proxy.losing(sessionKey(id), () => end('/sessions', token));
  expect(answer.statusCode).toBe(204);
  for (const { session_id } of all) expect(endsOnRecord(session_id)).toHaveLength(1);
});

test('the stores return what they ended, in every round', async () => {
  const redis = connect(proxy.url);
  onTestFinished(() => redis.disconnect());
  const shared = {
    redis,
    shards: 1,
    clock: Date.now,
    dataSets: createTestDataSets({ redis, clock: Date.now }),
  };
  const store = createStore(shared);
  const logins = createLoginStore({ ...shared, revocationSeconds: 330 });
  for (let round = 0; round < 20; round += 1) {
    const first = (await store.start(newSession())).grant;
    const { subject } = first;
    const second = (await store.start(newSession({ subject }))).grant;
    const losing = <T>(task: () => Promise<T>) => proxy.losing(':reply:', task);
    expect(await losing(() => store.endSurplus(second, 1))).toEqual([first.sessionId]);
    const { login } = await logins.start(subject);
    expect(await losing(() => logins.end(login, 'sign_out'))).toEqual([]);
    expect(await losing(() => store.end(subject, second.sessionId, 'sign_out'))).toBe(true);
    expect(await losing(() => store.end(subject, second.sessionId, 'sign_out'))).toBe(false);
  }
});
