import { eventually } from '@latchkey/testing';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { maxStreams } from '../../../src/revocation/feed/route.ts';
import { bearer, decode } from '../../support/auth-app.ts';
import { type FeedFixture, startFeed } from './fixture.ts';
import { openFeed, publishedKeys } from './reader.ts';

let feed: FeedFixture;
const start = async (env: Record<string, string> = {}) => {
  feed = await startFeed({ env });
};
afterEach(() => feed.stop());

const connections = () =>
  new Promise<number>((resolve) => feed.app.server.getConnections((_error, count) => resolve(count)));

test('a stream ends when its token, its client or the key of its token is revoked, and no other does', async () => {
  await start();
  const { url } = feed;
  const revoked = [await feed.token(), await feed.token()];
  const other = await feed.open();
  const readers = await Promise.all(revoked.map((token) => openFeed({ url, token })));
  await Promise.all([...readers, other].map((reader) => reader.until(({ events }) => events.length >= 2)));

  const { header, claims } = decode(revoked[0] ?? '');
  await feed.publish({ kind: 'token', id: String(claims['jti']), reason: 'token_revoked' });
  await readers[0]?.until(({ ended }) => ended === 'complete');
  expect([readers[1]?.ended, other.ended]).toEqual([undefined, undefined]);
  await expect(openFeed({ url, token: revoked[0] ?? '' })).rejects.toThrow('401');

  await feed.publish({ kind: 'key', id: String(header['kid']), reason: 'key_revoked' });
  await readers[1]?.until(({ ended }) => ended === 'complete');
  await other.until(({ ended }) => ended === 'complete');
  // The stream tells of it before it ends. Otherwise the reader would accept that key's tokens until it reconnects.
  for (const reader of [readers[1], other]) expect(JSON.stringify(reader?.events)).toContain('"key_revoked"');

  // The key signs nothing more, although it had signed a snapshot up to this position.
  const later = await feed.open();
  await later.until((now) => now.ofType('heartbeat').length > 0);
  expect(later.events.map((event) => event.header['kid'])).not.toContain(header['kid']);
  expect(later.faults).toEqual([]);
  later.close();
});

test('a subscriber learns that its token is revoked before the stream ends, however often heartbeats come', async () => {
  await start({ REVOCATION_HEARTBEAT_MS: '100' });
  const tokens = await Promise.all(Array.from({ length: 40 }, () => feed.token()));
  for (const token of tokens) {
    const reader = await openFeed({ url: feed.url, token });
    await reader.until(({ events }) => events.length >= 2);
    const { jti } = decode(token).claims;
    await feed.publish({ kind: 'token', id: String(jti), reason: 'token_revoked' });
    await reader.until(({ ended }) => ended === 'complete');
    expect(reader.revocations.at(-1)).toMatchObject({ id: jti });
  }
});

test('a stream ends when its token expires', async () => {
  await start({ ACCESS_TOKEN_SECONDS: '5' });
  const { token, reader } = await eventually('a stream is open before its token expires', async () => {
    const token = await feed.token();
    return { token, reader: await openFeed({ url: feed.url, token }) };
  });
  await reader.until(({ ended }) => ended !== undefined);
  expect(reader.ended).toBe('complete');
  expect(Date.now() / 1000).toBeGreaterThanOrEqual(Number(decode(token).claims['exp']));
});

test('the number of streams is limited; those that hang up leave nothing behind', async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(warning.message);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  await start({ REVOCATION_HEARTBEAT_MS: '5000' });
  const { url } = feed;
  const token = await feed.token();
  const keys = await publishedKeys(url);
  const open = () => openFeed({ url, token, keys });
  const readers = [];
  for (let opened = 0; opened < maxStreams; opened += 100)
    readers.push(...(await Promise.all(Array.from({ length: 100 }, open))));
  expect(await feed.metric('latchkey_revocation_streams')).toBe(maxStreams);
  const refused = await feed.app.inject({ url: '/revocations', headers: bearer(token) });
  expect(refused.statusCode).toBe(503);
  expect(refused.headers['retry-after']).toBe('1');
  expect(refused.json()).toMatchObject({ code: 'too_many_streams' });

  await feed.publish({ kind: 'token', id: 'one-for-all', reason: 'token_revoked' });
  for (const reader of readers) await reader.until(({ count }) => count >= 2);
  expect(readers.flatMap(({ faults }) => faults)).toEqual([]);

  for (const reader of readers) reader.close();
  await eventually('no stream is counted any more', async () =>
    expect(await feed.metric('latchkey_revocation_streams')).toBe(0),
  );
  // The keys were fetched over a keep-alive connection.
  await eventually('the connections of the streams are closed', async () =>
    expect(await connections()).toBeLessThanOrEqual(1),
  );
  expect(await feed.metric('latchkey_revocation_unsent_bytes')).toBe(0);
  const again = await open();
  await again.until(({ events }) => events.length >= 2);
  again.close();
  expect(warnings).toEqual([]);
});

test('shutting down ends all streams at once', async () => {
  await start();
  const readers = await Promise.all(Array.from({ length: 20 }, () => feed.open()));
  await Promise.all(readers.map((reader) => reader.until(({ events }) => events.length >= 2)));
  const closing = feed.app.close();
  for (const reader of readers) await reader.until(({ ended }) => ended === 'complete');
  await closing;
});

test('while it drains it takes no new streams, and existing ones end at the signal', async () => {
  await start();
  const token = await feed.token();
  const reader = await openFeed({ url: feed.url, token });
  feed.app.lifecycle.drain();
  await reader.until(({ ended }) => ended === 'complete');
  const refused = await feed.app.inject({ url: '/revocations', headers: bearer(token) });
  expect([refused.statusCode, refused.json().code]).toEqual([503, 'closing']);
});
