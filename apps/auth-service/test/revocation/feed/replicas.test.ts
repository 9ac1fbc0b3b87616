import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { bearer } from '../../support/auth-app.ts';
import { signedIn, signOut, someRevocations, startFeed } from './fixture.ts';
import { namesOf } from './reader.ts';

// With three shards an event has three positions, which two replicas may reach in different orders.
const feed = await forThisFile(startFeed({ env: { REDIS_SHARDS: '3' } }));
const other = await feed.listenAlso();

test('two replicas serve the same feed, and each refuses what the other has revoked', async () => {
  const readers = [await feed.open(), await feed.open({ url: other.url })];
  for (const reader of readers) await reader.until(({ events }) => events.length >= 2);
  const { token, sessionId } = await signedIn(feed.app);
  const account = () => other.app.inject({ url: '/account', headers: bearer(token) });
  expect((await account()).statusCode).toBe(200);
  await signOut(feed.app, token);
  for (const reader of readers)
    await reader.until(({ revocations }) =>
      revocations.some((it) => it.kind === 'session' && it.id === sessionId),
    );
  const refused = await account();
  expect([refused.statusCode, refused.json().reason]).toEqual([401, 'sign_out']);
  expect(readers[0]?.position).toBe(readers[1]?.position);
  for (const reader of readers) {
    expect(reader.faults).toEqual([]);
    reader.close();
  }
});

test('a reader that goes from one replica to the other in the middle of a burst misses nothing, and gets no snapshot', async () => {
  const first = await feed.open();
  await first.until(({ events }) => events.length >= 2);
  const start = first.count;
  const truth = someRevocations(3000, 'moving');
  const publishing = (async () => {
    for (let index = 0; index < truth.length; index += 50)
      await feed.publish(...truth.slice(index, index + 50));
  })();
  let reader = first;
  const told = [];
  let moves = 0;
  for (; moves < 10; moves += 1) {
    const { count } = reader;
    await reader.until((now) => now.count > count || told.length + now.count >= start + truth.length);
    reader.close();
    told.push(...reader.revocations);
    expect(reader.faults).toEqual([]);
    const url = moves % 2 === 0 ? other.url : feed.url;
    reader = await feed.open({ url, lastEventId: reader.position });
  }
  await publishing;
  await reader.until((now) => told.length + now.count >= start + truth.length);
  told.push(...reader.revocations);
  expect(reader.ofType('snapshot')).toEqual([]);
  expect(namesOf(told.slice(start))).toEqual(namesOf(truth));
  reader.close();
});
