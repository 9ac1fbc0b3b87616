import { expect, test } from 'vitest';
import { readClaims } from '../src/token-claims.ts';

const tokenOf = (payload: unknown): string =>
  `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.signature`;

const person = { sub: 'user-1', sid: 'session-1', auth_time: 1_800_000_000 };

test('a token names the person, the session, the scopes, and the time of the sign-in', () => {
  expect(readClaims(tokenOf({ ...person, scope: 'cart:read cart:write' }))).toEqual({
    subject: 'user-1',
    sessionId: 'session-1',
    scopes: ['cart:read', 'cart:write'],
    authTimeMs: 1_800_000_000_000,
  });
});

test('a token without scopes has none', () => {
  expect(readClaims(tokenOf(person))?.scopes).toEqual([]);
  expect(readClaims(tokenOf({ ...person, scope: '' }))?.scopes).toEqual([]);
});

test('names beyond ASCII are not changed', () => {
  expect(readClaims(tokenOf({ ...person, sub: '미나 ÿ?>' }))?.subject).toBe('미나 ÿ?>');
});

test.each([
  ['nothing', ''],
  ['one segment', 'abc'],
  ['no base64', 'e30.%%%.x'],
  ['no JSON', `e30.${Buffer.from('hello').toString('base64url')}.x`],
  ['invalid UTF-8', `e30.${Buffer.from([0x22, 0xff, 0x22]).toString('base64url')}.x`],
  ['null', tokenOf(null)],
  ['a service’s own token', tokenOf({ sub: 'cart-service' })],
  ['a subject that is no string', tokenOf({ ...person, sub: 1 })],
  ['a time that is no number', tokenOf({ ...person, auth_time: '1' })],
])('%s is no token of a person', (_, token) => {
  expect(readClaims(token)).toBeUndefined();
});
