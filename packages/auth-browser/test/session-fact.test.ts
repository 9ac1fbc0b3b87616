import { expect, test } from 'vitest';
import { laterOf, nextVersion, parseFact, type SessionFact } from '../src/session-fact.ts';

const payload = { sub: 'user-1', sid: 'session-1', auth_time: 1 };
const accessToken = `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.`;
const signedIn = (version: number): SessionFact => ({
  kind: 'signed_in',
  version,
  accessToken,
  expiresAtMs: 2,
  lifetimeMs: 1,
});
const signedOut = (version: number, reason: string | null = null): SessionFact => ({
  kind: 'signed_out',
  version,
  reason,
});

test('the later fact holds, in whatever order they come', () => {
  for (const [earlier, later] of [
    [signedIn(1), signedOut(2)],
    [signedOut(1), signedIn(2)],
    [signedIn(1), signedIn(2)],
  ] as const) {
    expect(laterOf(earlier, later)).toBe(later);
    expect(laterOf(later, earlier)).toBe(later);
  }
  expect(laterOf(undefined, signedIn(1))).toEqual(signedIn(1));
});

test('a reason is kept, and taken from any tab that has one, also when it comes late', () => {
  expect(laterOf(signedOut(1, 'displaced'), signedOut(2))).toEqual(signedOut(2, 'displaced'));
  expect(laterOf(signedOut(2), signedOut(1, 'displaced'))).toEqual(signedOut(2, 'displaced'));
  const noCookie = signedOut(1, 'no_cookie');
  expect(laterOf(noCookie, signedOut(2, 'sign_out'))).toEqual(signedOut(2, 'sign_out'));
  expect(laterOf(signedOut(2, 'sign_out'), signedOut(3, 'no_cookie'))).toEqual(signedOut(3, 'sign_out'));
  expect(laterOf(signedOut(2), noCookie)).toEqual(signedOut(2, 'no_cookie'));
});

test('a version is the time, and larger than the one before even when the clock was set back', () => {
  expect(nextVersion(undefined, 100)).toBe(100);
  expect(nextVersion(signedIn(50), 100)).toBe(100);
  expect(nextVersion(signedIn(500), 100)).toBe(501);
});

test('a message of another tab is read', () => {
  expect(parseFact(structuredClone(signedIn(1)))).toEqual(signedIn(1));
  expect(parseFact(structuredClone(signedOut(1, 'reuse')))).toEqual(signedOut(1, 'reuse'));
});

test.each([
  undefined,
  null,
  'signed_in',
  {},
  { ...signedIn(1), version: '1' },
  { ...signedIn(1), accessToken: 'none' },
  { ...signedIn(1), expiresAtMs: null },
  { ...signedIn(1), lifetimeMs: undefined },
  { ...signedIn(1), kind: 'other' },
  { kind: 'signed_out', version: 1 },
])('invalid data is ignored: %j', (value) => {
  expect(parseFact(value)).toBeUndefined();
});
