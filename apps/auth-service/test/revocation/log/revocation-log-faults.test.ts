import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { createStore, newSession } from '../../sessions/session-fixture.ts';
import {
  createLog,
  epochOf,
  follow,
  type LogOptions,
  sequenceOf,
  someSession,
  type TestLog,
  until,
} from './log-fixture.ts';

const servers: TestRedis[] = [];
const logs: TestLog[] = [];
async function startRedis(options: { durable?: boolean } = {}): Promise<TestRedis> {
  const server = await startTestRedis(options);
  servers.push(server);
  return server;
}
function open(server: TestRedis, options: Partial<LogOptions> = {}): TestLog {
  const log = createLog({ url: server.url, ...options });
  logs.push(log);
  return log;
}
afterEach(async () => {
  await Promise.all(logs.splice(0).map(({ stop }) => stop()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function following(server: TestRedis, options: Partial<LogOptions> = {}) {
  const log = open(server, options);
  await follow(log.log);
  return log;
}

const storeLost = { kind: 'all', before: expect.any(Number), reason: 'store_lost' };

/** Waits until the main connection has noticed that Redis is back. */
async function publish({ log }: TestLog, number: number): Promise<void> {
  await until('Redis takes a revocation', () =>
    log.publish(someSession(number)).then(
      () => true,
      () => false,
    ),
  );
}

describe('a Redis that was killed', () => {
  test('and comes back with its data: a new epoch, no loss to declare, and the numbers go on', async () => {
    const server = await startRedis({ durable: true });
    const [first, second] = [await following(server), await following(server)];
    const errorsBefore = [first.errors.length, second.errors.length];
    await publish(first, 1);
    await until('both have heard of it', () => [first, second].every(({ told }) => told().length === 2));
    const before = first.log.head;

    await server.kill();
    await until('both notice', () => [first, second].every(({ log }) => !log.isFollowing));
    await expect(first.log.read('oldest')).rejects.toMatchObject({ status: 503 });
    await server.restart();
    await until('both follow', () => [first, second].every(({ log }) => log.isFollowing));

    expect(first.log.head).toEqual(second.log.head);
    expect(epochOf(first.log.head[0])).not.toBe(epochOf(before[0]));
    expect(sequenceOf(first.log.head[0])).toBe(2);
    expect(await first.log.read(before)).toBeUndefined();
    await publish(second, 2);
    for (const [index, { told, epochs, errors }] of [first, second].entries()) {
      await until('both have heard of it', () => told().length === 5);
      // Retained entries are told again, because later ones may have been lost.
      expect(told()).toEqual([storeLost, someSession(1), storeLost, someSession(1), someSession(2)]);
      expect(epochs()).toBe(2);
      expect(errors.slice(errorsBefore[index])).toHaveLength(1);
    }
  });

  test('and comes back without its data: a new epoch, and all tokens from before are revoked', async () => {
    const server = await startRedis();
    const { log, told, epochs } = await following(server);
    for (let number = 0; number < 10; number++) await publish(logs[0] as TestLog, number);
    await until('all is told', () => told().length === 11);
    const before = log.head;

    await server.kill();
    await server.restart();
    await until('the loss is told', () => told().length > 11);
    expect(told().slice(11)).toEqual([storeLost]);
    expect(epochOf(log.head[0])).not.toBe(epochOf(before[0]));
    expect(sequenceOf(log.head[0])).toBe(1);
    expect(epochs()).toBe(2);
    expect(await log.read(before)).toBeUndefined();
  });

  test('without its data, and a session starts before anybody looks: it is younger than its data set, and lives', async () => {
    const server = await startRedis();
    const { told } = await following(server);
    await server.kill();
    await server.restart();
    const store = createStore({ redis: (logs[0] as TestLog).redis, clock: Date.now });
    await until('a session starts', () =>
      store.start(newSession()).then(
        ({ grant }) => grant.issuedFrom === 0 || grant.issuedFrom === Math.floor(grant.readAt / 1000) + 1,
        () => false,
      ),
    );
    await until('the loss is told', () => told().length > 1);
    expect(told()).toEqual([storeLost, storeLost]);
  });
});

test('a failover that lost the newest entries, whose numbers others get: no reader skips those', async () => {
  const server = await startRedis();
  const { log, redis, told, epochs } = await following(server);
  for (let number = 1; number <= 5; number++) await publish(logs[0] as TestLog, number);
  await until('all is told', () => told().length === 6);

  // As after a failover to a lagging replica: another server, without the last three entries.
  await redis
    .multi()
    .xtrim('{0}:revocations', 'MAXLEN', 0)
    .del('{0}:revocations')
    .xadd('{0}:revocations', '3-0', 'kind', 'session', 'id', 'kept', 'reason', 'sign_out', 'at', Date.now())
    .hset('{0}:revocations:head', 'sequence', 3, 'oldest', 3, 'run', 'of-the-server-before')
    .exec();
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  for (let number = 6; number <= 8; number++) await publish(logs[0] as TestLog, number);
  await until('it follows again', () => told().length >= 10);
  expect(epochs()).toBe(2);
  expect(sequenceOf(log.head[0])).toBe(6);
  expect(told().slice(6)).toEqual([
    { kind: 'session', id: 'kept', reason: 'sign_out' },
    ...[6, 7, 8].map(someSession),
  ]);
});

test('a Redis that freezes is noticed, and goes on where it was when it wakes: nothing is lost or told twice', async () => {
  const server = await startRedis();
  const watcher = await following(server);
  await publish(watcher, 1);
  await until('it is told', () => watcher.told().length === 2);
  process.kill(server.pid, 'SIGSTOP');
  try {
    await until('it notices', () => !watcher.log.isFollowing);
    await expect(watcher.log.publish(someSession(0))).rejects.toMatchObject({ status: 503 });
  } finally {
    process.kill(server.pid, 'SIGCONT');
  }
  await publish(watcher, 2);
  await until('it follows', () => watcher.log.isFollowing && watcher.told().at(-1)?.reason === 'sign_out');
  await publish(watcher, 3);
  await until(
    'the last is told',
    () => JSON.stringify(watcher.told().at(-1)) === JSON.stringify(someSession(3)),
  );
  expect(watcher.epochs()).toBe(1);
  const ids = (await watcher.redis.xrange('{0}:revocations', '-', '+')).map(([, fields]) => fields[3]);
  expect(watcher.told().map((entry) => ('id' in entry ? entry.id : String(entry.before)))).toEqual(ids);
});

test('a connection that breaks, again and again, under a burst: every entry once, in order', async () => {
  const server = await startRedis();
  const watcher = await following(server, { shards: 2 });
  const publisher = open(server, { shards: 2, isPatient: true });
  let isOver = false;
  const breaking = (async () => {
    while (!isOver) {
      for (const line of String(await publisher.redis.client('LIST')).split('\n')) {
        const id = /^id=(\d+) .*name=auth-service-reader /.exec(line)?.[1];
        if (id !== undefined) await publisher.redis.client('KILL', 'ID', id);
      }
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
  })();
  const sent = Array.from({ length: 10_000 }, (_, number) => ({
    ...someSession(number),
    id: `${number % 2}-${String(number).padStart(22, 'x')}`,
  }));
  for (let number = 0; number < sent.length; number += 100) {
    await Promise.all(sent.slice(number, number + 100).map((entry) => publisher.log.publish(entry)));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await until('all are told', () => watcher.told().length >= 10_002);
  isOver = true;
  await breaking;
  expect(watcher.errors.length).toBeGreaterThan(3);
  for (const shard of ['0-', '1-']) {
    const own = (list: readonly unknown[]) =>
      list.filter((entry) => (entry as { id?: string }).id?.startsWith(shard));
    expect(own(watcher.told())).toEqual(own(sent));
  }
  expect(watcher.epochs()).toBe(2);
});

describe('a data set that is emptied while everybody is connected', () => {
  test('is a new one', async () => {
    const server = await startRedis();
    const { log, redis, told, epochs } = await following(server);
    await publish(logs[0] as TestLog, 1);
    await until('it is told', () => told().length === 2);
    await redis.flushall();
    await until('it is noticed', () => told().length === 3);
    expect(told()[2]).toEqual(storeLost);
    expect(sequenceOf(log.head[0])).toBe(1);
    expect(epochs()).toBe(2);
  });

  test('is a new one also when its numbers have overtaken those of the old one', async () => {
    const server = await startRedis();
    const { redis, told } = await following(server);
    const sent = Array.from({ length: 20 }, (_, number) => someSession(number));
    const batch = redis.multi().flushall();
    batch.hset('{0}:revocations:head', 'epoch', 'abc', 'sequence', 20);
    for (const [index, { kind, id, reason }] of sent.entries()) {
      batch.xadd(
        '{0}:revocations',
        `${index + 1}-0`,
        'kind',
        kind,
        'id',
        id,
        'reason',
        reason,
        'at',
        Date.now(),
      );
    }
    await batch.exec();
    await until('all are told', () => told().length === 21);
    expect(told().slice(1)).toEqual(sent);
  });
});

test('a reader that slept while entries were trimmed begins again with the remaining ones', async () => {
  const server = await startRedis();
  const { log, redis, told, epochs } = await following(server);
  await redis
    .multi()
    .hset('{0}:revocations:head', 'sequence', 8, 'oldest', 8)
    .xadd('{0}:revocations', '8-0', 'kind', 'session', 'id', 'late', 'reason', 'sign_out', 'at', Date.now())
    .xtrim('{0}:revocations', 'MINID', '8-0')
    .exec();
  await until('it is told', () => told().length === 2);
  expect(told()[1]).toEqual({ kind: 'session', id: 'late', reason: 'sign_out' });
  expect(epochs()).toBe(2);
  expect(sequenceOf(log.head[0])).toBe(8);
});

test('a clock that steps by an hour, either way, loses no entry and keeps none too long', async () => {
  const server = await startRedis();
  let offsetMs = 0;
  const watcher = await following(server, { clock: () => Date.now() + offsetMs });
  for (const [index, hours] of [0, 1, 0, -1, 0].entries()) {
    offsetMs = hours * 3_600_000;
    for (let number = 0; number < 20; number++) await publish(watcher, index * 20 + number);
  }
  await until('all are told', () => watcher.told().length === 101);
  expect(watcher.told().slice(1)).toEqual(Array.from({ length: 100 }, (_, number) => someSession(number)));
  const late = await following(server, { clock: () => Date.now() + 3_600_000 });
  expect(late.told()).toEqual(watcher.told());
  expect(await watcher.redis.pttl('{0}:revocations')).toBeLessThanOrEqual(330_000);
});

describe('Redis is not there', () => {
  test('when the log starts: that takes no longer than an attempt, and it follows once Redis is there', async () => {
    const server = await startRedis();
    await server.kill();
    const { log, told, errors } = open(server);
    await log.start();
    expect(log.isFollowing).toBe(false);
    expect(errors).toHaveLength(1);
    await server.restart();
    await until('it follows', () => log.isFollowing);
    expect(told()).toEqual([storeLost]);
  });

  test.each(['killed', 'frozen'])('when the log stops (%s): that does not wait for it', async (fault) => {
    const server = await startRedis();
    const { log } = await following(server);
    if (fault === 'killed') await server.kill();
    else process.kill(server.pid, 'SIGSTOP');
    try {
      // Redis does not answer until the test is over.
      await log.stop();
      expect(log.isFollowing).toBe(false);
    } finally {
      if (fault === 'frozen') process.kill(server.pid, 'SIGCONT');
    }
  });
});
