import { ProblemError } from '@latchkey/service-kit';
import { describe, expect, test } from 'vitest';
import type { Account } from '../../src/accounts/account.ts';
import type { AuditEvent } from '../../src/audit/audit-event.ts';
import { type SignInParts, signIn } from '../../src/sessions/sign-in.ts';
import { noEncryption } from '../../src/tokens/token-encryption.ts';
import { client, createStore, openTestRedis } from './session-fixture.ts';

const { redis } = await openTestRedis();

/** Real sessions. The test sets what the account is before and after the password check. */
function setUp(accounts: { before: Account; after: Account | undefined }, parts: Partial<SignInParts> = {}) {
  const sessions = createStore({ redis, clock: Date.now });
  const events: AuditEvent[] = [];
  const all: SignInParts = {
    accounts: { signIn: async () => accounts.before, findSettled: async () => accounts.after },
    sessions,
    issueAccessToken: async () => ({ token: 'signed', expiresInSeconds: 300, scopes: [] }),
    encryption: noEncryption,
    audit: { record: (event: AuditEvent) => void events.push(event) } as SignInParts['audit'],
    ...parts,
  };
  const request = {
    username: 'ada',
    password: 'secret',
    client: { id: client, kind: 'native' as const, maxSessions: null },
    scopes: undefined,
    deviceName: 'Phone',
    origin: { address: '192.0.2.1' },
  };
  return { run: () => signIn(all, request), sessions, events };
}

let people = 0;
function person(changes: Partial<Account> = {}): Account {
  people += 1;
  return {
    id: `subject-${people}`.padEnd(22, 'x'),
    username: 'ada',
    roles: ['customer'],
    rolesVersion: 3,
    hasPassword: true,
    createdAt: new Date(),
    disabledAt: null,
    passwordChangedAt: null,
    ...changes,
  };
}

describe('a sign-in leaves no session when', () => {
  const before = person();
  test.each([
    ['the roles changed while the password was checked', { before, after: { ...before, rolesVersion: 4 } }],
    ['the account was disabled meanwhile', { before, after: { ...before, disabledAt: new Date() } }],
    ['the password changed', { before, after: { ...before, passwordChangedAt: new Date() } }],
    ['the account is gone', { before, after: undefined }],
  ])('%s: 503, try again', async (_what, accounts) => {
    const { run, sessions, events } = setUp(accounts);
    await expect(run()).rejects.toMatchObject({ status: 503, code: 'account_changed' });
    expect(await sessions.list(before.id)).toEqual([]);
    expect(events).toMatchObject([{ event: 'session.ended', details: { reason: 'sign_in_failed' } }]);
  });

  test('its token cannot be signed', async () => {
    const account = person();
    const failure = new ProblemError({ status: 503, code: 'no_signing_key', detail: 'No key.' });
    const { run, sessions } = setUp(
      { before: account, after: account },
      { issueAccessToken: () => Promise.reject(failure) },
    );
    await expect(run()).rejects.toBe(failure);
    expect(await sessions.list(account.id)).toEqual([]);
  });
});

test('a sign-in that went well leaves its session, and one line in the audit log', async () => {
  const account = person();
  const { run, sessions, events } = setUp({ before: account, after: account });
  const { sessionId } = await run();
  expect(await sessions.list(account.id)).toMatchObject([{ id: sessionId, deviceName: 'Phone' }]);
  expect(events).toMatchObject([{ event: 'sign_in.succeeded', sessionId, subject: account.id }]);
});
