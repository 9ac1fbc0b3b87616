import { expect, test } from 'vitest';
import { createLoginStore } from '../../src/logins/login-store.ts';
import { createTestDataSets, openTestRedis } from '../sessions/session-fixture.ts';

const { redis } = await openTestRedis();
const shared = { redis, shards: 4, clock: Date.now };
const logins = createLoginStore({
  ...shared,
  revocationSeconds: 330,
  dataSets: createTestDataSets(shared),
});
const now = () => Math.floor(Date.now() / 1000);
const reason = 'signed_out_at_provider';

async function started(subject: string) {
  const at = (provider: string, sid: string | undefined) =>
    logins.start(subject, { elsewhere: { provider, sid, authTime: undefined } });
  const all = {
    password: await logins.start(subject),
    one: await at('example', 'one'),
    two: await at('example', 'two'),
    other: await at('other', 'one'),
  };
  const alive = async () => {
    const found = await Promise.all(
      Object.entries(all).map(async ([name, { id }]) => (await logins.use(id)) && name),
    );
    return found.filter((name) => name !== undefined);
  };
  return { alive };
}

test.each<[string, { sid?: string; startedBy?: number }, string[]]>([
  ['of one session at the provider', { sid: 'one' }, ['password', 'two', 'other']],
  ['of all its sessions', {}, ['password', 'other']],
  ['that began before', { startedBy: now() - 3600 }, ['password', 'one', 'two', 'other']],
])('the logins %s end, and no others', async (name, { sid, startedBy = now() + 1 }, left) => {
  const { alive } = await started(name);
  await logins.endElsewhere(name, { provider: 'example', sid, startedBy }, reason);
  expect(await alive()).toEqual(left);
});
