import { describe, expect, it } from 'vitest';
import { type FeedEvent, readEvent, writeEvent, writeMessage } from '../../src/feed/index.ts';
import { at, claimsOf, session, sessions } from '../revocation/events.ts';

const by = { issuer: 'https://issuer.example', id: 'event-1', nowMs: 1_700_000_000_999 };
const general = { iss: by.issuer, aud: 'urn:latchkey:revocations', iat: 1_700_000_000, jti: by.id };
const event = (given: Partial<FeedEvent>): FeedEvent => ({
  kind: 'batch',
  after: at(4),
  upTo: at(4 + (given.revocations?.length ?? 0)),
  revocations: [],
  done: false,
  ...given,
});
const ofKey = { kind: 'key', id: 'k', reason: 'revoked' } as const;

describe('an event', () => {
  it.each([
    ['of one session', event({ revocations: [session('s')] }), claimsOf.session(4, 's')],
    ['of two sessions', event({ revocations: sessions(2) }), claimsOf.batch(4, sessions(2))],
    ['of a key', event({ revocations: [ofKey] }), claimsOf.batch(4, [ofKey])],
    [
      'of a snapshot',
      event({ kind: 'snapshot', revocations: [session('s')], done: true }),
      claimsOf.snapshot(4, [session('s')]),
    ],
    [
      'of an empty snapshot with more to come',
      event({ kind: 'snapshot' }),
      claimsOf.snapshot(4, [], { done: false }),
    ],
    ['of nothing', event({ kind: 'heartbeat' }), claimsOf.heartbeat(4)],
  ])('%s is read as it was written', (_name, written, claims) => {
    expect(writeEvent(written, by)).toEqual({ ...general, ...claims });
    expect(readEvent(writeEvent(written, by))).toEqual(written);
  });

  it('is refused when it contains fewer revocations than its positions say', () => {
    expect(() => readEvent(writeEvent(event({ upTo: at(5) }), by))).toThrow();
  });

  it('is written with the position after it as its id', () => {
    expect(writeMessage(['5f3a-7', '5f3a-9'], 'a.b.c')).toBe('id: 5f3a-7,5f3a-9\ndata: a.b.c\n\n');
  });
});
