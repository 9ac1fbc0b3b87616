import { forThisFile, secondsSince } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { revocationsKey } from '../../../src/redis/key-names.ts';
import { connect } from '../../sessions/session-fixture.ts';
import { bearer } from '../../support/auth-app.ts';
import { dropBefore } from '../log/log-fixture.ts';
import { signedIn, signOut, someRevocations, startFeed } from './fixture.ts';
import { type FeedEvent, namesOf } from './reader.ts';

const feed = await forThisFile(startFeed());

test('without a token it answers 401, and without the scope 403', async () => {
  const nobody = await feed.app.inject('/revocations');
  expect(nobody.statusCode).toBe(401);
  expect(nobody.headers['www-authenticate']).toBe(
    'Bearer realm="auth-service", DPoP algs="ES256 EdDSA RS256"',
  );
  const { token } = await signedIn(feed.app);
  const customer = await feed.app.inject({ url: '/revocations', headers: bearer(token) });
  expect(customer.statusCode).toBe(403);
  expect(customer.json()).toMatchObject({ code: 'insufficient_scope' });
});

test('it accepts no other method and no other type, and names those that it accepts', async () => {
  const headers = bearer(await feed.token());
  for (const method of ['HEAD', 'POST', 'DELETE'] as const) {
    const answer = await feed.app.inject({ method, url: '/revocations', headers });
    expect([method, answer.statusCode, answer.headers.allow]).toEqual([method, 405, 'GET']);
  }
  for (const accept of ['application/json', 'text/event-stream;q=0', 'text/html, image/*']) {
    const answer = await feed.app.inject({ url: '/revocations', headers: { ...headers, accept } });
    expect([accept, answer.statusCode]).toEqual([accept, 406]);
  }
});

test('a snapshot comes first, and then a heartbeat', async () => {
  const startMs = Date.now();
  const reader = await feed.open();
  expect(reader.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  await reader.until(({ events }) => events.length >= 2);
  expect(reader.comments).toBe(1);
  const [first, second] = reader.events;
  expect(first?.header).toEqual({ alg: 'RS256', typ: 'secevent+jwt', kid: expect.any(String) });
  const claims = {
    iss: 'http://localhost:4000',
    aud: 'urn:latchkey:revocations',
    iat: secondsSince(startMs),
    jti: expect.stringMatching(/^[\w-]{22}$/),
  };
  expect(first?.payload).toEqual({
    ...claims,
    after: [expect.stringMatching(/^[0-9a-f]+-0$/)],
    up_to: [expect.stringMatching(/^[0-9a-f]+-\d+$/)],
    events: {
      'urn:latchkey:event:snapshot': {
        // The first entry of every data set. It ends what an earlier data set promised.
        revocations: [{ kind: 'all', before: expect.any(Number), reason: 'store_lost' }],
        done: true,
      },
    },
  });
  const position = first?.payload.up_to;
  expect(second?.payload).toEqual({
    ...claims,
    after: position,
    up_to: position,
    events: { 'urn:latchkey:event:heartbeat': {} },
  });
  expect(reader.faults).toEqual([]);
  reader.close();
});

test('a sign-out is sent as CAEP’s session-revoked', async () => {
  const startMs = Date.now();
  const reader = await feed.open();
  await reader.until(({ events }) => events.length >= 2);
  const { token, sessionId } = await signedIn(feed.app);
  await signOut(feed.app, token);
  await reader.until((now) => now.ofType('session-revoked').length > 0);
  const { payload } = reader.ofType('session-revoked')[0] as FeedEvent;
  expect(payload).toMatchObject({
    sub_id: { format: 'complex', session: { format: 'opaque', id: sessionId } },
    events: {
      'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {
        event_timestamp: secondsSince(startMs),
        reason_admin: { en: 'sign_out' },
      },
    },
  });
  expect(Object.keys(payload)).not.toContain('exp');
  expect(reader.faults).toEqual([]);
  reader.close();
});

test('anything else is sent as a batch, and heartbeats go on', async () => {
  const reader = await feed.open();
  await reader.until(({ events }) => events.length >= 2);
  const revocation = {
    kind: 'subject',
    id: 'someone',
    before: 1_700_000_000,
    reason: 'roles_changed',
  } as const;
  await feed.publish(revocation);
  await reader.until((now) => now.ofType('revocations').length > 0);
  expect(reader.ofType('revocations')[0]?.payload.events).toEqual({
    'urn:latchkey:event:revocations': { revocations: [revocation] },
  });
  const before = reader.ofType('heartbeat').length;
  await reader.until((now) => now.ofType('heartbeat').length > before + 2);
  expect(reader.faults).toEqual([]);
  reader.close();
});

test('a stream is resumed from each position that it had, and gets exactly what came after', async () => {
  const first = await feed.open();
  await first.until(({ events }) => events.length >= 2);
  const published = someRevocations(12, 'resumed');
  for (const revocation of published) {
    await feed.publish(revocation);
    await first.until(
      ({ revocations }) => namesOf(revocations.slice(-1)).join() === namesOf([revocation]).join(),
    );
  }
  await first.until((now) => now.events.at(-1)?.type === 'heartbeat');
  const told = first.events.filter(({ type }) => type !== 'heartbeat');
  for (const [index, { id }] of told.entries()) {
    const resumed = await feed.open({ lastEventId: id });
    await resumed.until((now) => now.ofType('heartbeat').length > 0);
    expect(resumed.ofType('snapshot')).toEqual([]);
    const missed = told.slice(index + 1).flatMap(({ revocations }) => revocations);
    expect(resumed.revocations).toEqual(missed);
    expect([resumed.position, resumed.faults]).toEqual([first.position, []]);
    resumed.close();
  }
  first.close();
});

test('an event id that means nothing here gets a snapshot', async () => {
  const reader = await feed.open();
  await reader.until(({ position }) => position !== undefined);
  const [epoch = '', sequence = ''] = reader.position?.split('-') ?? [];
  reader.close();
  const ids = ['', 'x', `${epoch}-01`, `${epoch}-1,${epoch}-1`, `ab${epoch.slice(2)}-1`, 'a'.repeat(8000)];
  // The last id is ahead of all replicas, as after a data set lost entries.
  for (const lastEventId of [...ids, `${epoch}-${Number(sequence) + 5}`]) {
    const other = await feed.open({ lastEventId });
    await other.until((now) => now.ofType('heartbeat').length > 0);
    expect(other.events[0]?.payload.events).toHaveProperty(['urn:latchkey:event:snapshot', 'done'], true);
    expect(other.faults).toEqual([]);
    other.close();
  }
});

test('a position from before trimmed entries gets a snapshot of the rest', async () => {
  const reader = await feed.open();
  await reader.until(({ events }) => events.length >= 2);
  const { position = '' } = reader;
  reader.close();
  await feed.publish(...someRevocations(40, 'trimmed'));
  const redis = connect(feed.redis.url);
  const length = await redis.xlen(revocationsKey(0));
  await dropBefore(redis, length - 9);
  redis.disconnect();
  // Another replica: this one may still have the messages that followed.
  const { url } = await feed.listenAlso();
  const resumed = await feed.open({ url, lastEventId: position });
  await resumed.until((now) => now.ofType('heartbeat').length > 0);
  expect(resumed.ofType('snapshot')).toHaveLength(1);
  expect(resumed.revocations).toHaveLength(10);
  expect([length > 40, resumed.faults]).toEqual([true, []]);
  resumed.close();
});
