import { beforeEach, describe, expect, test } from 'vitest';
import type { RefreshOutcome } from '../../src/sessions/session.ts';
import {
  client,
  createClock,
  createMacKeys,
  createStore,
  newSession,
  openTestRedis,
} from './session-fixture.ts';

const minuteMs = 60_000;
const monthMs = 31 * 24 * 60 * minuteMs;

const { redis } = await openTestRedis();
let clock: ReturnType<typeof createClock>;
let store: ReturnType<typeof createStore>;
beforeEach(() => {
  clock = createClock();
  store = createStore({ redis, clock: clock.now, macKeys: createMacKeys() });
});

describe('a clock that was ahead, and is set right', () => {
  test('leaves nobody with a sign-in that stays recent', async () => {
    const { grant, refreshToken } = await store.start(newSession());
    clock.advance(10 * minuteMs);
    await store.renewAuthTime(grant.subject, grant.sessionId);
    clock.advance(-10 * minuteMs);
    const first = await store.refresh(refreshToken, client);
    expect(authTimeOf(first)).toBe(1);
    // The sign-in does not become recent when its time comes either.
    clock.advance(10 * minuteMs);
    expect(authTimeOf(await store.refresh(tokenOf(first), client))).toBe(1);
    // One new authentication corrects it.
    await store.renewAuthTime(grant.subject, grant.sessionId);
    expect((await store.find(grant.subject, grant.sessionId))?.authTime).toBe(Math.floor(clock.now() / 1000));
  });

  test('leaves a sign-in recent that is no further ahead than verifiers tolerate', async () => {
    const { grant, refreshToken } = await store.start(newSession());
    clock.advance(-30_000);
    expect(authTimeOf(await store.refresh(refreshToken, client))).toBe(grant.authTime);
  });

  test('hides no session from a sign-out everywhere, or from a change of roles', async () => {
    const session = newSession();
    const { refreshToken } = await store.start(session);
    const changed = await store.start(session);
    clock.advance(monthMs);
    // A sign-in tidies the list of sessions. The changes that follow must still reach every session.
    await store.start(session);
    await store.changeRoles(session.subject, { roles: ['viewer'], rolesVersion: 1 });
    clock.advance(-monthMs);
    expect(await store.list(session.subject)).toHaveLength(3);
    expect(await store.refresh(changed.refreshToken, client)).toMatchObject({ grant: { roles: ['viewer'] } });
    clock.advance(monthMs);
    expect(await store.endAll(session.subject, 'ended_all')).toHaveLength(3);
    clock.advance(-monthMs);
    expect(await store.refresh(refreshToken, client)).toEqual({ verdict: 'REVOKED', reason: 'ended_all' });
  });
});

describe('a clock that was behind, and is set right', () => {
  test('makes a sign-in older than it is, never more recent', async () => {
    clock.advance(-10 * minuteMs);
    const { grant, refreshToken } = await store.start(newSession());
    clock.advance(10 * minuteMs);
    expect(authTimeOf(await store.refresh(refreshToken, client))).toBe(grant.authTime);
  });
});

function authTimeOf(outcome: RefreshOutcome): number | undefined {
  return 'grant' in outcome ? outcome.grant.authTime : undefined;
}

function tokenOf(outcome: RefreshOutcome): string {
  return 'refreshToken' in outcome ? outcome.refreshToken : '';
}
