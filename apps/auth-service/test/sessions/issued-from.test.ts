import { beforeEach, describe, expect, test } from 'vitest';
import type { SessionGrant } from '../../src/sessions/session.ts';
import {
  client,
  createClock,
  createStore,
  newSession,
  openTestRedis,
  revocationsIn,
} from './session-fixture.ts';

const { redis } = await openTestRedis();
beforeEach(() => redis.flushall());

/** The clock stands in the middle of a second that is not the data set's first. */
async function setUp() {
  const clock = createClock();
  clock.advance(500 - (clock.now() % 1000));
  const store = createStore({ redis, clock: clock.now });
  await store.start(newSession());
  clock.advance(2_000);
  const second = () => Math.floor(clock.now() / 1000);
  let version = 0;
  const changeRoles = (subject: string, roles = ['viewer']) => {
    version += 1;
    return store.changeRoles(subject, { roles, rolesVersion: version });
  };
  return { clock, store, second, changeRoles };
}

/** The iat of an access token issued from this grant. */
function issuedAt(grant: SessionGrant): number {
  return Math.max(Math.floor(grant.readAt / 1000), grant.issuedFrom);
}

async function roleChanges(): Promise<{ id: string; before: number }[]> {
  return (await revocationsIn(redis)).flatMap((entry) =>
    entry.kind === 'subject' && entry.reason === 'roles_changed' ? [entry] : [],
  );
}

async function refreshed(store: ReturnType<typeof createStore>, token: string) {
  const outcome = await store.refresh(token, client);
  if (!('refreshToken' in outcome)) throw new Error(outcome.verdict);
  return outcome;
}

describe('a change of roles', () => {
  test('revokes the tokens from before it, of all sessions, by one entry; those of the same second after it live', async () => {
    const { store, second, changeRoles, clock } = await setUp();
    const person = newSession();
    const [phone, laptop] = [await store.start(person), await store.start(person)];
    await changeRoles(person.subject);
    const changes = await roleChanges();
    expect(changes).toEqual([
      { kind: 'subject', id: person.subject, before: second() + 1, reason: 'roles_changed' },
    ]);
    const before = changes[0]?.before ?? 0;

    for (const session of [phone, laptop]) {
      expect(issuedAt(session.grant)).toBeLessThan(before);
      const { grant } = await refreshed(store, session.refreshToken);
      expect(grant).toMatchObject({ roles: ['viewer'], issuedFrom: before });
      expect(issuedAt(grant)).toBe(before);
    }
    expect(issuedAt((await store.find(person.subject, phone.grant.sessionId)) as SessionGrant)).toBe(before);
    expect(issuedAt((await store.renewAuthTime(person.subject, phone.grant.sessionId)) as SessionGrant)).toBe(
      before,
    );
    clock.advance(1_000);
    expect(issuedAt((await store.find(person.subject, phone.grant.sessionId)) as SessionGrant)).toBe(
      second(),
    );
  });

  test('lets a session live that starts in the same second after it, and its refresh too', async () => {
    const { store, changeRoles } = await setUp();
    const person = newSession();
    await store.start(person);
    await changeRoles(person.subject);
    const before = (await roleChanges())[0]?.before;
    const { grant, refreshToken } = await store.start({ ...person, roles: ['viewer'], rolesVersion: 1 });
    expect(issuedAt(grant)).toBe(before);
    expect(issuedAt((await refreshed(store, refreshToken)).grant)).toBe(before);
  });

  test('reaches a session that had the new roles when it came: its first token dies, the next one lives', async () => {
    const { store, changeRoles } = await setUp();
    const person = newSession();
    await store.start(person);
    const early = await store.start({ ...person, roles: ['viewer'], rolesVersion: 1 });
    await changeRoles(person.subject);
    const before = (await roleChanges())[0]?.before ?? 0;
    expect(issuedAt(early.grant)).toBeLessThan(before);
    expect(issuedAt((await refreshed(store, early.refreshToken)).grant)).toBe(before);
  });

  test('in the same second as another one revokes the tokens that were issued between the two', async () => {
    const { store, changeRoles } = await setUp();
    const person = newSession();
    const { refreshToken } = await store.start(person);
    await changeRoles(person.subject, ['viewer']);
    const between = await refreshed(store, refreshToken);
    await changeRoles(person.subject, []);
    const after = await refreshed(store, between.refreshToken);
    const [first, second] = (await roleChanges()).map(({ before }) => before);
    expect(issuedAt(between.grant)).toBe(first);
    expect(issuedAt(between.grant)).toBeLessThan(second ?? 0);
    expect(issuedAt(after.grant)).toBe(second);
  });

  test('that comes late, or for a person without sessions, makes no entry', async () => {
    const { store } = await setUp();
    const person = newSession({ rolesVersion: 7 });
    await store.start(person);
    await store.changeRoles(person.subject, { roles: ['admin'], rolesVersion: 6 });
    await store.changeRoles(newSession().subject, { roles: ['admin'], rolesVersion: 6 });
    expect(await roleChanges()).toEqual([]);
    expect((await store.list(person.subject)).length).toBe(1);
  });

  test('revokes no token of another person', async () => {
    const { store, changeRoles } = await setUp();
    const [person, other] = [newSession(), newSession()];
    const { grant } = await store.start(other);
    await store.start(person);
    await changeRoles(person.subject);
    expect(await store.find(other.subject, grant.sessionId)).toEqual(grant);
  });

  test('by a clock that is behind, or carried out late, still revokes tokens that were issued meanwhile', async () => {
    const { store, clock } = await setUp();
    const behind = createStore({ redis, clock: () => clock.now() - 10_000 });
    const person = newSession();
    const { refreshToken, grant } = await store.start(person);
    clock.advance(3_000);
    const late = await refreshed(store, refreshToken);
    clock.advance(3_000);
    const renewed = await store.renewAuthTime(person.subject, grant.sessionId);
    await behind.changeRoles(person.subject, { roles: ['viewer'], rolesVersion: 1 });
    const before = (await roleChanges())[0]?.before ?? 0;
    for (const issued of [grant, late.grant, renewed]) {
      expect(issuedAt(issued as SessionGrant)).toBeLessThan(before);
    }
    expect(issuedAt((await refreshed(store, late.refreshToken)).grant)).toBe(before);
  });

  test('that follows one of a clock an hour ahead revokes by the right clock again', async () => {
    const { store, changeRoles, clock, second } = await setUp();
    const person = newSession();
    await store.start(person);
    clock.advance(3_600_000);
    await changeRoles(person.subject);
    clock.advance(-3_600_000);
    await changeRoles(person.subject);
    expect((await roleChanges()).map(({ before }) => before)).toEqual([second() + 3_601, second() + 1]);
  });
});

describe('a new data set', () => {
  test('revokes the tokens from before it, and none of the sessions in it', async () => {
    const { store, clock } = await setUp();
    const person = newSession();
    const lost = await store.start(person);
    await redis.flushall();
    const { grant, refreshToken } = await store.start(person);
    const [entry] = await revocationsIn(redis);
    if (entry?.kind !== 'all') throw new Error('no entry of a lost store');
    expect(issuedAt(lost.grant)).toBeLessThan(entry.before);
    expect(issuedAt(grant)).toBe(entry.before);
    expect(issuedAt((await refreshed(store, refreshToken)).grant)).toBe(entry.before);
    expect(await store.refresh(lost.refreshToken, client)).toMatchObject({ verdict: 'LOST' });
    clock.advance(1_000);
    expect((await store.start(person)).grant.issuedFrom).toBe(0);
  });
});

test('a session without such a change has no field for it, and a living one has none for the reason of its end', async () => {
  const { store } = await setUp();
  const { grant } = await store.start(newSession());
  const key = `{0}:s:${grant.sessionId.slice(2)}`;
  expect(
    Object.keys(await redis.hgetall(key))
      .sort()
      .join(''),
  ).toBe('abcdgiklrstuvx');
  await store.end(grant.subject, grant.sessionId, 'displaced');
  expect(await redis.hmget(key, 's', 'w')).toEqual(['revoked', 'displaced']);
});
