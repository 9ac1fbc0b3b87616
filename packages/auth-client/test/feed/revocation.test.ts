import { describe, expect, it } from 'vitest';
import { isRevocation } from '../../src/feed/revocation.ts';

const session = { kind: 'session', id: '0-session', reason: 'sign_out' };
const subject = { kind: 'subject', id: 'user-1', before: 1_700_000_000, reason: 'password_changed' };

describe('a revocation', () => {
  it.each<object>([
    session,
    { ...session, kind: 'token' },
    { ...session, kind: 'key' },
    subject,
    { ...subject, kind: 'client' },
    { kind: 'all', before: 1_700_000_000, reason: 'store_lost' },
    { ...session, from: 'a later version' },
    { ...session, reason: 'a'.repeat(32) },
  ])('is %j', (value) => {
    expect(isRevocation(value)).toBe(true);
  });

  it.each<unknown>([
    null,
    'session',
    [],
    {},
    { ...session, kind: 'device' },
    { ...session, kind: 'all' },
    { ...session, kind: ['session'] },
    { ...session, id: undefined },
    { ...session, id: '' },
    { ...session, id: 7 },
    { ...session, id: 'x'.repeat(256) },
    { ...session, id: 'a\nb' },
    { ...session, reason: '' },
    { ...session, reason: 'Sign_out' },
    { ...session, reason: 'sign_out\n' },
    { ...session, reason: 'a'.repeat(33) },
    { ...session, reason: ['sign_out'] },
    { ...subject, before: undefined },
    { ...subject, before: '1700000000' },
    { ...subject, before: 1_700_000_000.5 },
    { ...subject, before: 1_700_000_000_000 },
    { ...subject, before: -1 },
    { kind: 'all', reason: 'store_lost' },
  ])('is not %j', (value) => {
    expect(isRevocation(value)).toBe(false);
  });
});
