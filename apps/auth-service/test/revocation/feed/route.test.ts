import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer } from '../../support/auth-app.ts';
import { type FeedFixture, signedIn, startFeed } from './fixture.ts';

let feed: FeedFixture;
beforeAll(async () => {
  feed = await startFeed();
});
afterAll(() => feed.stop());

test('without a token it answers 401, and without the scope 403', async () => {
  const nobody = await feed.app.inject('/revocations');
  expect(nobody.statusCode).toBe(401);
  expect(nobody.headers['www-authenticate']).toBe('Bearer realm="auth-service"');
  const { token } = await signedIn(feed.app);
  const customer = await feed.app.inject({ url: '/revocations', headers: bearer(token) });
  expect(customer.statusCode).toBe(403);
  expect(customer.json()).toMatchObject({ code: 'insufficient_scope' });
});

test('it answers no other method and no other type, and says what it does answer', async () => {
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
  const reader = await feed.open();
  expect(reader.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  await reader.until(({ events }) => events.length >= 2);
  const [first, second] = reader.events;
  expect(first?.header).toEqual({ alg: 'RS256', typ: 'secevent+jwt', kid: expect.any(String) });
  const claims = {
    iss: 'http://localhost:4000',
    aud: 'urn:latchkey:revocations',
    iat: expect.closeTo(Date.now() / 1000, -1),
    jti: expect.stringMatching(/^[\w-]{22}$/),
  };
  expect(first?.payload).toEqual({
    ...claims,
    after: [expect.stringMatching(/^[0-9a-f]+-0$/)],
    up_to: [expect.stringMatching(/^[0-9a-f]+-\d+$/)],
    events: {
      'urn:latchkey:event:snapshot': {
        // The first entry of every data set: what another one promised is over.
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
