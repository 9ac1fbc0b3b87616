import { randomUUID } from 'node:crypto';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { openPaymentDatabase } from '../../src/database/open-payment-database.ts';
import { createIdempotencyStore } from '../../src/payments/idempotency-store.ts';

const database = await forThisFile(openTestDatabase());
const hourMs = 60 * 60 * 1000;

async function openTestDatabase() {
  const { url, drop } = await createTestDatabase();
  const opened = await openPaymentDatabase({
    DATABASE_URL: url,
    DATABASE_POOL_SIZE: 2,
    DATABASE_TIMEOUT_MS: 10_000,
  });
  return {
    db: opened.db,
    close: async () => {
      await opened.close();
      await drop();
    },
  };
}

/** The store of a replica whose clock is this far ahead of the machine's, or behind. */
function storeAt(aheadMs: number, { runMs = 60_000 } = {}) {
  return createIdempotencyStore({
    database: database.db,
    clock: () => Date.now() + aheadMs,
    newId: randomUUID,
    runMs,
    waitMs: 0,
  });
}

const newIdentity = () => ({ subject: randomUUID(), keyDigest: 'key', fingerprint: 'request' });
const nothingMore = async () => {};
const answer = { status: 201, body: { id: 'the first' } };

test('a key that was answered a day after its first request is kept', async () => {
  const identity = newIdentity();
  const [yesterday, today] = [storeAt(-25 * hourMs), storeAt(0)];
  const first = await yesterday.claim(identity, nothingMore);
  await yesterday.release(first);
  const repeated = await today.claim(identity, nothingMore);
  await today.finish(repeated, answer);
  await today.forgetOld();
  expect((await today.claim(identity, nothingMore)).answer).toEqual(answer);
});

test('it is kept also when the first run gives it back while a later one answers', async () => {
  const identity = newIdentity();
  const [yesterday, today] = [storeAt(-25 * hourMs), storeAt(0)];
  const slow = await yesterday.claim(identity, nothingMore);
  const repeated = await today.claim(identity, nothingMore);
  await yesterday.release(slow);
  await today.finish(repeated, answer);
  await today.forgetOld();
  expect((await today.claim(identity, nothingMore)).answer).toEqual(answer);
});

test('a replica whose clock is a day ahead forgets nobody’s keys', async () => {
  const identity = newIdentity();
  const store = storeAt(0);
  await store.finish(await store.claim(identity, nothingMore), answer);
  expect(await storeAt(25 * hourMs).forgetOld()).toBe(0);
  expect((await store.claim(identity, nothingMore)).answer).toEqual(answer);
});

test('a key is forgotten a day after its answer', async () => {
  const identity = newIdentity();
  const yesterday = storeAt(-25 * hourMs);
  await yesterday.finish(await yesterday.claim(identity, nothingMore), answer);
  expect(await storeAt(0).forgetOld()).toBe(1);
});

test.each([
  ['gave up', true],
  ['crashed', false],
])('a run that %s while its clock was an hour ahead holds its key no longer', async (_what, isReleased) => {
  const identity = newIdentity();
  const ahead = storeAt(hourMs);
  const run = await ahead.claim(identity, nothingMore);
  if (isReleased) await ahead.release(run);
  expect(await storeAt(0).claim(identity, nothingMore)).toEqual(run);
});

test('a run holds its key when its clock differs by half a minute, as clocks may', async () => {
  const identity = newIdentity();
  await storeAt(29_000).claim(identity, nothingMore);
  await expect(storeAt(0).claim(identity, nothingMore)).rejects.toMatchObject({
    code: 'request_in_progress',
  });
});
