import { randomBytes } from 'node:crypto';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  nameAndNetworkLimit,
  networkLimit,
  registrationLimit,
  unfamiliarNetworksLimit,
} from '../../src/accounts/attempt-limits.ts';
import { type Attempts, createAttempts, type SignInAttempt } from '../../src/accounts/attempts.ts';
import { createPseudonyms } from '../../src/accounts/pseudonyms.ts';
import type { RedisClient } from '../../src/redis/client.ts';
import { defaultTimeoutMs } from '../../src/redis/client.ts';
import { connect, openTestRedis } from '../sessions/session-fixture.ts';

const start = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;
const home = '192.0.2.7';

const { server, redis } = await openTestRedis();
let now: number;
let attempts: Attempts;
const key = randomBytes(32);

beforeEach(async () => {
  await redis.flushall();
  now = start;
  attempts = createAttempts({ redis, clock: () => now, pseudonyms: createPseudonyms(key) });
});

function stranger(index: number): string {
  return `198.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

/** How long the next attempt must wait after this many failures. 0 when it may try, and it then counts as failed. */
async function waitAfter(failures: number, from: { username: string; address: string }): Promise<number> {
  for (let failure = 0; failure < failures; failure += 1) await attempts.admitSignIn(from);
  const admission = await attempts.admitSignIn(from);
  return admission.admitted ? 0 : admission.retryAfterMs;
}

/**
 * A test whose waits are exact. Redis' clock goes on while ours stands still here, and after 5 s a script takes ours for
 * one that was set back. So a test that failed begins anew if it took as long as that, and only then.
 */
function exact(test: () => Promise<void>): () => Promise<void> {
  return async () => {
    for (;;) {
      const startedAt = performance.now();
      try {
        return await test();
      } catch (error) {
        if (performance.now() - startedAt < 4_000) throw error;
        await redis.flushall();
        now = start;
      }
    }
  };
}

async function admitted(from: { username: string; address: string }): Promise<SignInAttempt> {
  const admission = await attempts.admitSignIn(from);
  if (!admission.admitted) throw new Error(`refused for ${admission.retryAfterMs} ms`);
  return admission.attempt;
}

test(
  'after ten failures for a name from a network, the eleventh waits 90 s',
  exact(async () => {
    expect(await waitAfter(nameAndNetworkLimit.most - 1, { username: 'alice', address: home })).toBe(0);
    expect(await waitAfter(0, { username: 'alice', address: home })).toBe(90_000);
    now += 89_999;
    expect(await waitAfter(0, { username: 'alice', address: home })).toBe(1);
    now += 1;
    expect(await waitAfter(0, { username: 'alice', address: home })).toBe(0);
    expect(await waitAfter(0, { username: 'alice', address: home })).toBe(90_000);
  }),
);

test(
  'a refused attempt does not count: insisting does not make the wait longer',
  exact(async () => {
    await waitAfter(nameAndNetworkLimit.most, { username: 'alice', address: home });
    const insisting = Array.from({ length: 50 }, () => waitAfter(0, { username: 'alice', address: home }));
    expect(new Set(await Promise.all(insisting))).toEqual(new Set([90_000]));
    expect(await waitAfter(0, { username: 'alice', address: home })).toBe(90_000);
  }),
);

test('of a hundred guesses at once no more than ten are admitted', async () => {
  for (let round = 0; round < 20; round += 1) {
    const from = { username: `person${round}`, address: stranger(round) };
    const admissions = await Promise.all(Array.from({ length: 100 }, () => attempts.admitSignIn(from)));
    expect(admissions.filter((admission) => admission.admitted)).toHaveLength(nameAndNetworkLimit.most);
  }
});

test('two replicas count together', async () => {
  const replica = () => {
    const own = connect(server.url);
    return {
      own,
      attempts: createAttempts({ redis: own, clock: () => now, pseudonyms: createPseudonyms(key) }),
    };
  };
  const replicas = [replica(), replica()];
  const from = { username: 'alice', address: home };
  const admissions = await Promise.all(
    replicas.flatMap(({ attempts }) => Array.from({ length: 50 }, () => attempts.admitSignIn(from))),
  );
  for (const { own } of replicas) own.disconnect();
  expect(admissions.filter((admission) => admission.admitted)).toHaveLength(nameAndNetworkLimit.most);
});

test(
  'a network that tries many names runs into its own limit, and into no other one',
  exact(async () => {
    for (let index = 0; index < networkLimit.most; index += 1)
      await admitted({ username: `person${index}`, address: home });
    expect(await waitAfter(0, { username: 'somebody', address: home })).toBe(9000);
    expect(await waitAfter(0, { username: 'somebody', address: stranger(1) })).toBe(0);
  }),
);

test(
  'all addresses of an IPv6 /64 count as one',
  exact(async () => {
    for (let index = 0; index < nameAndNetworkLimit.most; index += 1) {
      await admitted({ username: 'alice', address: `2001:db8:0:7::${index}` });
    }
    expect(await waitAfter(0, { username: 'alice', address: '2001:db8:0:7:ffff::1' })).toBe(90_000);
    expect(await waitAfter(0, { username: 'alice', address: '2001:db8:0:8::1' })).toBe(0);
  }),
);

test(
  'guesses from many networks lock a name everywhere except in its person’s familiar networks',
  exact(async () => {
    await attempts.forgive(await admitted({ username: 'victim', address: home }));
    for (let index = 0; index < unfamiliarNetworksLimit.most; index += 1) {
      await admitted({ username: 'victim', address: stranger(index) });
    }
    expect(await waitAfter(0, { username: 'victim', address: stranger(5000) })).toBe(120_000);
    expect(await waitAfter(0, { username: 'victim', address: home })).toBe(0);
  }),
);

test('a stranger who uses up the limit of a network does not lock out the people to whom it is familiar', async () => {
  await attempts.forgive(await admitted({ username: 'victim', address: home }));
  for (let index = 0; index < networkLimit.most; index += 1)
    await admitted({ username: `person${index}`, address: home });
  expect(await waitAfter(0, { username: 'nobody-known', address: home })).toBeGreaterThan(0);
  expect(await waitAfter(0, { username: 'victim', address: home })).toBe(0);
});

test('a network is familiar for 30 days after the last sign-in from it', async () => {
  await attempts.forgive(await admitted({ username: 'victim', address: home }));
  async function isKnownAtHome(): Promise<boolean> {
    for (let index = 0; index < unfamiliarNetworksLimit.most; index += 1) {
      await attempts.admitSignIn({ username: 'victim', address: stranger(index) });
    }
    return (await waitAfter(0, { username: 'victim', address: home })) === 0;
  }
  now += 30 * dayMs - 1;
  expect(await isKnownAtHome()).toBe(true);
  now += 1;
  expect(await isKnownAtHome()).toBe(false);
});

test('the network of a registration is familiar', async () => {
  await attempts.welcome({ username: 'victim', address: home });
  for (let index = 0; index < unfamiliarNetworksLimit.most; index += 1) {
    await admitted({ username: 'victim', address: stranger(index) });
  }
  expect(await waitAfter(0, { username: 'victim', address: home })).toBe(0);
});

test('a sign-in clears its person’s own failures, and no failures of others in the same network', async () => {
  for (let index = 0; index < networkLimit.most - 10; index += 1) {
    await admitted({ username: `person${index}`, address: home });
  }
  for (let typo = 0; typo < nameAndNetworkLimit.most - 1; typo += 1)
    await admitted({ username: 'alice', address: home });
  await attempts.forgive(await admitted({ username: 'alice', address: home }));
  expect(await waitAfter(nameAndNetworkLimit.most - 1, { username: 'alice', address: home })).toBe(0);

  // One place was left, and forgiving gave it back. That allows one more guess, not a hundred.
  expect(await waitAfter(0, { username: 'stranger', address: home })).toBe(0);
  expect(await waitAfter(0, { username: 'stranger', address: home })).toBeGreaterThan(0);
});

test('a thousand sign-ins that succeed run into no limit', async () => {
  for (let index = 0; index < 1000; index += 1) {
    await attempts.forgive(await admitted({ username: `person${index % 7}`, address: home }));
  }
  expect(await waitAfter(0, { username: 'new-here', address: home })).toBe(0);
});

test(
  'an attempt that was abandoned is taken back, once',
  exact(async () => {
    const from = { username: 'alice', address: home };
    for (let index = 0; index < nameAndNetworkLimit.most - 1; index += 1) await admitted(from);
    await attempts.abandon(await admitted(from));
    expect(await waitAfter(0, from)).toBe(0);
    expect(await waitAfter(0, from)).toBe(90_000);
  }),
);

test('of many refusals only the first in a minute counts as news', async () => {
  await waitAfter(nameAndNetworkLimit.most - 1, { username: 'alice', address: home });
  const refusals = await Promise.all(
    Array.from({ length: 50 }, () => attempts.admitSignIn({ username: 'alice', address: home })),
  );
  expect(refusals.filter((refusal) => !refusal.admitted && refusal.isNews)).toHaveLength(1);
});

test(
  'registrations are limited for each network',
  exact(async () => {
    for (let index = 0; index < registrationLimit.most; index += 1)
      expect(await attempts.admitRegistration(home)).toBe(0);
    expect(await attempts.admitRegistration(home)).toBe(36_000);
    expect(await attempts.admitRegistration(stranger(1))).toBe(0);
  }),
);

test(
  'people whose address is not known share no limit, and each name has its own',
  exact(async () => {
    const from = (username: string) => ({ username, address: 'unknown' });
    for (let index = 0; index <= networkLimit.most; index += 1) {
      await admitted(from(`person${index}`));
      expect(await attempts.admitRegistration('unknown')).toBe(0);
    }
    expect(await waitAfter(nameAndNetworkLimit.most - 1, from('alice'))).toBe(0);
    expect(await waitAfter(0, from('alice'))).toBe(90_000);
  }),
);

test('an unknown address is familiar to nobody: guesses from many networks lock the name there, too', async () => {
  await attempts.forgive(await admitted({ username: 'victim', address: 'unknown' }));
  for (let index = 0; index < unfamiliarNetworksLimit.most; index += 1) {
    await attempts.admitSignIn({ username: 'victim', address: stranger(index) });
  }
  expect(await waitAfter(0, { username: 'victim', address: 'unknown' })).toBeGreaterThan(0);
});

test('a clock that is set back by a day does not make anybody wait for a day', async () => {
  await waitAfter(nameAndNetworkLimit.most, { username: 'alice', address: home });
  now -= dayMs;
  expect(await waitAfter(0, { username: 'alice', address: home })).toBeLessThanOrEqual(120_000);
});

test('a failure that was counted while the clock was an hour ahead makes nobody wait when it is set right', async () => {
  now += dayMs / 24;
  await admitted({ username: 'alice', address: home });
  now -= dayMs / 24;
  await admitted({ username: 'alice', address: home });
  expect(await waitAfter(nameAndNetworkLimit.most - 2, { username: 'alice', address: home })).toBeGreaterThan(
    0,
  );
});

test('the data in Redis names nobody, and expires by itself', async () => {
  await waitAfter(nameAndNetworkLimit.most, { username: 'alice', address: home });
  await attempts.forgive(await admitted({ username: 'bob', address: '2001:db8::1' }));
  await attempts.admitRegistration(home);
  const keys = await redis.keys('*');
  expect(keys.length).toBeGreaterThan(4);
  for (const key of keys) {
    expect(`${key} ${await redis.get(key)}`).not.toMatch(/alice|bob|192\.0\.2|2001/);
    expect(await redis.pttl(key)).toBeGreaterThan(0);
    expect(await redis.pttl(key)).toBeLessThanOrEqual(30 * dayMs);
  }
});

describe('while Redis is frozen', () => {
  const from = { username: 'alice', address: home };
  let impatient: RedisClient;
  beforeEach(async () => {
    impatient = connect(server.url, defaultTimeoutMs);
    await eventually('it is connected', () => impatient.ping());
  });
  afterEach(() => impatient.disconnect());

  function createReplica(): Attempts {
    return createAttempts({ redis: impatient, clock: () => now, pseudonyms: createPseudonyms(key) });
  }

  async function whileFrozen<T>(work: () => Promise<T>): Promise<T> {
    process.kill(server.pid, 'SIGSTOP');
    return await work().finally(() => process.kill(server.pid, 'SIGCONT'));
  }

  test('the answer is 503, for a whole queue of attempts at once', async () => {
    const replica = createReplica();
    await whileFrozen(async () => {
      // The test would run out of time if each attempt waited for its timeout.
      for (let turn = 0; turn < 50; turn += 1) {
        await expect(replica.admitSignIn(from)).rejects.toMatchObject({
          status: 503,
          headers: { 'retry-after': '1' },
        });
      }
    });
  });

  test('attempts that were answered 503 do not count afterwards', async () => {
    // Each attempt has its own replica, because a replica pauses after a failure.
    const replicas = Array.from({ length: nameAndNetworkLimit.most + 2 }, createReplica);
    const outcomes = await whileFrozen(() =>
      Promise.allSettled(replicas.map((replica) => replica.admitSignIn(from))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(replicas.map(() => 'rejected'));
    await eventually('Redis has carried out its commands', () => redis.ping());
    expect(await redis.keys('*')).toEqual([]);
    await eventually('the right password is tried', async () =>
      expect(await replicas[0]?.admitSignIn(from)).toMatchObject({ admitted: true }),
    );
  });
});
