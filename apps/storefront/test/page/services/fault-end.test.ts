import type { SessionState } from '@latchkey/auth-browser';
import { expect, it } from 'vitest';
import type { Fault } from '../../../page/services/fault.ts';
import { isOver } from '../../../page/services/fault-end.ts';

type SignedIn = Extract<SessionState, { status: 'signed_in' }>;

const mina = (changes: Partial<SignedIn> = {}): SessionState => ({
  status: 'signed_in',
  accessToken: 'header.claims.signature',
  subject: 'mina',
  sessionId: 'one',
  scopes: ['cart:read'],
  expiresAtMs: 300_000,
  authTimeMs: 1000,
  isBound: false,
  ...changes,
});
const nobody: SessionState = { status: 'signed_out', reason: null };
const restoring: SessionState = { status: 'restoring' };

const requestId = null;
const service = 'cart-service';
const missing: Fault = { kind: 'missing_permission', service, scopes: ['cart:write'], requestId };
const tooOld: Fault = { kind: 'sign_in_too_old', service, maxAgeSeconds: 300, requestId };
const ended: Fault = { kind: 'session_ended', reason: null, requestId };

it.each<[what: string, Fault, before: SessionState, now: SessionState, isOver: boolean]>([
  ['a permission that is still missing', missing, mina(), mina({ accessToken: 'next' }), false],
  ['a permission that came back', missing, mina(), mina({ scopes: ['cart:read', 'cart:write'] }), true],
  [
    'one of two permissions that came back',
    { ...missing, scopes: ['cart:write', 'x'] },
    mina(),
    mina(),
    false,
  ],
  ['a permission of somebody who is gone', missing, mina(), nobody, true],
  ['a permission of somebody else', missing, mina(), mina({ sessionId: 'two' }), true],
  ['a password that is still too old', tooOld, mina(), mina({ accessToken: 'next' }), false],
  ['a password that was given again', tooOld, mina(), mina({ authTimeMs: 2000 }), true],
  ['a session that has ended', ended, mina(), nobody, false],
  ['a session that ended before the person signed in again', ended, mina(), mina({ sessionId: 'two' }), true],
  ['a session that was over when it was told', ended, nobody, mina(), true],
  ['anything while it is not known who is here', missing, mina(), restoring, false],
  [
    'a service that is down',
    { kind: 'service_down', service, askedBy: null, requestId },
    mina(),
    nobody,
    false,
  ],
  ['a refusal', { kind: 'refused', code: 'cart_full', detail: null, requestId }, mina(), nobody, false],
])('%s', (_what, fault, before, now, expected) => {
  expect(isOver(fault, before, now)).toBe(expected);
});
