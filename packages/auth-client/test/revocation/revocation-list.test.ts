import { beforeEach, describe, expect, it } from 'vitest';
import type { Revocation } from '../../src/feed/revocation.ts';
import {
  createRevocationList,
  type RevocableToken,
  type RevocationList,
} from '../../src/revocation/revocation-list.ts';
import { createTestClock, type TestClock } from '../clock.ts';

const issuedAt = 1_700_000_000;
const token: RevocableToken = {
  sessionId: 'session-1',
  tokenId: 'token-1',
  subject: 'user-1',
  clientId: 'storefront',
  issuedAt,
  keyId: 'key-1',
};
const signOut: Revocation = { kind: 'session', id: 'session-1', reason: 'sign_out' };

let clock: TestClock;
let list: RevocationList;

beforeEach(() => {
  clock = createTestClock();
  list = createRevocationList({ retentionSeconds: 330, clock });
});

describe('a list of revocations', () => {
  it.each<[string, Revocation]>([
    ['its session', signOut],
    ['itself', { kind: 'token', id: 'token-1', reason: 'token_revoked' }],
    ['its person', { kind: 'subject', id: 'user-1', before: issuedAt + 1, reason: 'roles_changed' }],
    ['its client', { kind: 'client', id: 'storefront', before: issuedAt + 1, reason: 'client_revoked' }],
    ['its key', { kind: 'key', id: 'key-1', reason: 'key_revoked' }],
    ['all', { kind: 'all', before: issuedAt + 1, reason: 'store_lost' }],
  ])('knows why a token is revoked: %s', (_name, revocation) => {
    expect(list.find(token)).toBeUndefined();
    list.apply([revocation]);
    expect(list.find(token)).toBe(revocation.reason);
  });

  it.each<[string, Revocation]>([
    ['another session', { ...signOut, id: 'session-2' }],
    ['a session called as its person', { ...signOut, id: 'user-1' }],
    ['another token', { kind: 'token', id: 'token-2', reason: 'token_revoked' }],
    ['another person', { kind: 'subject', id: 'user-2', before: issuedAt + 1, reason: 'roles_changed' }],
    ['its person, before it', { kind: 'subject', id: 'user-1', before: issuedAt, reason: 'roles_changed' }],
    ['another client', { kind: 'client', id: 'mobile', before: issuedAt + 1, reason: 'client_revoked' }],
    ['its client, before it', { kind: 'client', id: 'storefront', before: issuedAt, reason: 'x' }],
    ['another key', { kind: 'key', id: 'key-2', reason: 'key_revoked' }],
    ['all before it', { kind: 'all', before: issuedAt, reason: 'store_lost' }],
  ])('does not refuse a token that it does not concern: %s', (_name, revocation) => {
    list.apply([revocation]);
    expect(list.find(token)).toBeUndefined();
  });

  it('knows of tokens without a session', () => {
    const { sessionId: _, ...ofService } = token;
    list.apply([{ ...signOut, id: 'undefined' }, signOut]);
    expect(list.find(ofService)).toBeUndefined();
    list.apply([{ kind: 'client', id: 'storefront', before: issuedAt + 1, reason: 'client_revoked' }]);
    expect(list.find(ofService)).toBe('client_revoked');
  });

  it('keeps the one of two for a person that concerns more tokens, whichever came last', () => {
    const of = (before: number, reason: string): Revocation => ({
      kind: 'subject',
      id: 'user-1',
      before,
      reason,
    });
    list.apply([of(issuedAt + 10, 'password_changed')]);
    list.apply([of(issuedAt - 10, 'roles_changed')]);
    expect(list.find(token)).toBe('password_changed');
    list.apply([of(issuedAt + 20, 'account_disabled')]);
    expect(list.find({ ...token, issuedAt: issuedAt + 15 })).toBe('account_disabled');
    expect(list.size).toBe(1);
  });

  it('keeps the first reason of a session that is said to have ended twice', () => {
    list.apply([signOut, { ...signOut, reason: 'ended_all' }]);
    expect(list.find(token)).toBe('sign_out');
  });
});

describe('an entry', () => {
  it('stays as long as a token that it concerns may be good, and leaves then', () => {
    list.apply([signOut]);
    clock.advance(320);
    expect(list.size).toBe(1);
    expect(list.find(token)).toBe('sign_out');
    clock.advance(11);
    expect(list.size).toBe(0);
    expect(list.find(token)).toBeUndefined();
  });

  it('leaves when another entry comes, or the list is confirmed, without a look-up', () => {
    list.apply([signOut]);
    clock.advance(331);
    list.confirm();
    expect(list.find(token)).toBeUndefined();
    list.apply([signOut]);
    clock.advance(331);
    list.apply([{ ...signOut, id: 'session-2' }]);
    expect(list.find(token)).toBeUndefined();
  });

  it('of a key stays, because its holder can sign new tokens with it, long after it was revoked', () => {
    list.apply([{ kind: 'key', id: 'key-1', reason: 'key_revoked' }, signOut]);
    clock.advance(100_000);
    list.confirm();
    expect(list.size).toBe(1);
    expect(list.find({ ...token, issuedAt: issuedAt + 100_000 })).toBe('key_revoked');
  });

  it('stays for as long again when it is received again', () => {
    list.apply([signOut, { ...signOut, id: 'session-2' }]);
    clock.advance(200);
    list.apply([signOut]);
    clock.advance(200);
    expect(list.size).toBe(1);
    expect(list.find(token)).toBe('sign_out');
  });

  it('takes no notice of the wall clock', () => {
    list.apply([signOut]);
    clock.step(86_400);
    expect(list.size).toBe(1);
    clock.step(-2 * 86_400);
    clock.advance(331);
    expect(list.size).toBe(0);
  });
});

describe('how old the knowledge is', () => {
  it('is counted from the last time that it was complete', () => {
    expect(list.lagSeconds).toBe(Number.POSITIVE_INFINITY);
    list.apply([signOut]);
    expect(list.lagSeconds).toBe(Number.POSITIVE_INFINITY);
    list.confirm();
    expect(list.lagSeconds).toBeLessThan(60);
    clock.advance(1000);
    list.apply([signOut]);
    expect(list.lagSeconds).toBeGreaterThanOrEqual(1000);
    clock.step(-86_400);
    list.confirm();
    expect(list.lagSeconds).toBeLessThan(60);
  });

  it('lets waiting callers go on when it is complete for the first time', async () => {
    let isReady = false;
    const waiting = list.ready().then(() => {
      isReady = true;
    });
    list.apply([signOut]);
    await Promise.resolve();
    expect(isReady).toBe(false);
    list.confirm();
    await waiting;
    await list.ready();
  });
});

describe('listeners', () => {
  it('learn of new entries once they hold, and not of known ones', () => {
    const heard: [Revocation, string | undefined, number][] = [];
    list.onRevoked((revocation) => heard.push([revocation, list.find(token), list.size]));
    const other: Revocation = { ...signOut, id: 'session-2' };
    list.apply([other, signOut]);
    list.apply([other, signOut, other]);
    expect(heard).toEqual([
      [other, 'sign_out', 2],
      [signOut, 'sign_out', 2],
    ]);
  });

  it('learn of a person again when more of the tokens are concerned', () => {
    const heard: Revocation[] = [];
    list.onRevoked((revocation) => heard.push(revocation));
    const first: Revocation = { kind: 'subject', id: 'user-1', before: issuedAt, reason: 'roles_changed' };
    const more: Revocation = { ...first, before: issuedAt + 1 };
    list.apply([first]);
    list.apply([first, more]);
    expect(heard).toEqual([first, more]);
  });

  it('learn nothing any more once they have unsubscribed', () => {
    let count = 0;
    const stop = list.onRevoked(() => {
      count += 1;
    });
    list.apply([signOut]);
    stop();
    list.apply([{ ...signOut, id: 'session-2' }]);
    expect(count).toBe(1);
  });

  it('do not prevent an entry from being held by throwing', () => {
    list.onRevoked(() => {
      throw new Error('no');
    });
    expect(() => list.apply([{ ...signOut, id: 'session-2' }, signOut])).toThrow('no');
    expect([list.find(token), list.size, list.revision]).toEqual(['sign_out', 2, 2]);
  });
});

describe('the revision', () => {
  it('is another one when a token may be revoked that was not, and only then', () => {
    const { revision } = list;
    list.confirm();
    list.apply([]);
    expect(list.revision).toBe(revision);
    list.apply([signOut]);
    const after = list.revision;
    expect(after).not.toBe(revision);
    list.apply([signOut]);
    clock.advance(331);
    list.confirm();
    expect([list.revision, list.size]).toEqual([after, 0]);
    list.apply([signOut]);
    expect(list.revision).not.toBe(after);
  });
});

describe('a token that was good at some revision', () => {
  const other = (n: number): Revocation => ({ kind: 'session', id: `other-${n}`, reason: 'sign_out' });

  it.each([0, 1, 63, 64, 65, 1000])('is found revoked among the later revocations, with %i more', (count) => {
    list.apply(Array.from({ length: 100 }, (_, n) => other(n)));
    const { revision } = list;
    expect(list.find(token, revision)).toBeUndefined();
    for (let n = 0; n < count; n += 1) list.apply([other(1000 + n)]);
    expect(list.find(token, revision)).toBeUndefined();
    list.apply([{ ...signOut, reason: 'displaced' }]);
    expect(list.find(token, revision)).toBe('displaced');
    for (let n = 0; n < count; n += 1) list.apply([other(3000 + n)]);
    expect(list.find(token, revision)).toBe('displaced');
  });

  it('is found revoked in one batch with many others, wherever it stands', () => {
    for (const [turn, at] of [0, 1, 499].entries()) {
      const { revision } = list;
      const batch = Array.from({ length: 500 }, (_, n) => other(turn * 500 + n));
      const mine = { ...token, sessionId: `mine-${turn}` };
      list.apply(batch.with(at, { ...signOut, id: mine.sessionId }));
      expect(list.find(mine, revision)).toBe('sign_out');
    }
  });
});

describe('invalid options', () => {
  it.each<[object, string]>([
    [{}, 'retentionSeconds'],
    [{ retentionSeconds: 0 }, 'retentionSeconds'],
    [{ retentionSeconds: 0.5 }, 'retentionSeconds'],
    [{ retentionSeconds: Number.POSITIVE_INFINITY }, 'retentionSeconds'],
    [{ retentionSeconds: 330, clock: {} }, 'clock'],
  ])('are refused: %j', (options, word) => {
    expect(() => createRevocationList(options as { retentionSeconds: number })).toThrow(word);
  });
});
