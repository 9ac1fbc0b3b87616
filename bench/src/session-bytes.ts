import { randomBytes } from 'node:crypto';
import { connectRedis, createSessionStore, type NewSession } from '@latchkey/auth-service/testing';
import type { Benchmark, BenchmarkContext, Measurement } from './benchmark.ts';
import { startOwnRedis } from './processes/redis.ts';
import { createTemporaryDirectory } from './processes/temporary-directory.ts';
import { ratios, spreadOf } from './statistics.ts';

const rotations = 10_000;
const sessionSeconds = 30 * 24 * 3600;

/** The devices of people, one session each, so that every session bears a whole per-person index. */
const devices: readonly Pick<NewSession, 'clientId' | 'deviceName' | 'address'>[] = [
  { clientId: 'latchkey-cli', deviceName: 'curl', address: '192.0.2.7' },
  { clientId: 'latchkey-cli', deviceName: 'Work laptop', address: '198.51.100.200' },
  { clientId: 'storefront', deviceName: 'Safari on iOS', address: '2001:db8::17' },
  { clientId: 'storefront', deviceName: 'Firefox on Linux', address: '203.0.113.5' },
  {
    clientId: 'storefront',
    deviceName: 'Chrome on Windows',
    address: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
  },
  { clientId: 'storefront', deviceName: 'Samsung Internet on Android', address: '203.0.113.255' },
];

/** Everything as long as it may be; printed, not judged. */
const longest: NewSession = {
  subject: randomBytes(16).toString('base64url'),
  clientId: 'latchkey-cli',
  roles: ['customer', 'viewer', 'support', 'admin'],
  rolesVersion: 1000,
  scopes: ['cart:read', 'cart:write', 'wishlist:read', 'payment:read', 'payment:write', 'payment:refund'],
  deviceName: 'x'.repeat(64),
  address: '2001:db8:85a3:8d3:1319:8a2e:1370:7348',
};

/** (4) What a session costs Redis, when it is new and when it is old. */
export const sessionBytes: Benchmark = {
  name: 'session-bytes',
  title: 'Bytes per session in Redis',
  seconds: { full: 15, quick: 10 },
  run,
};

type Weight = { readonly session: number; readonly index: number };

async function run({ quick, progress, signal }: BenchmarkContext): Promise<Measurement> {
  await using directory = await createTemporaryDirectory();
  await using server = await startOwnRedis(directory.path, signal);
  const redis = connectRedis({ url: server.url, onError: () => {} });
  await using _ = { [Symbol.asyncDispose]: async () => redis.disconnect() };
  let now = Date.now();
  const store = createSessionStore({
    redis,
    macKeys: [{ kid: 'k1', secret: randomBytes(32) }],
    shards: 1,
    sessionSeconds,
    revocationSeconds: 330,
    // Nothing is lost here.
    dataSets: { requireKnown: () => {}, confirm: async () => {}, confirmMost: async () => {} },
    clock: () => now,
  });

  const people = (quick ? devices.slice(0, 3) : devices).map((device) => ({
    ...device,
    subject: randomBytes(16).toString('base64url'),
    roles: ['customer'],
    rolesVersion: 0,
  }));
  // The first session begins the data set; those of its first second say so, in one field more.
  await store.start(longest);
  now += 2000;
  const sessions = await Promise.all(
    [...people, longest].map((person) => store.start(person).then((started) => ({ person, ...started }))),
  );
  const tokens = sessions.map(({ refreshToken }) => refreshToken);

  const rotateAll = async () => {
    // Its 10,000 rotations spread over the session's whole life, as if each access token had been used up.
    now += Math.floor((sessionSeconds * 1000) / (rotations + 1));
    await Promise.all(
      sessions.map(async ({ person }, index) => {
        const outcome = await store.refresh(tokens[index] ?? '', person.clientId);
        if (outcome.verdict !== 'ROTATED') throw new Error(`A rotation was answered ${outcome.verdict}.`);
        tokens[index] = outcome.refreshToken;
      }),
    );
  };
  const weighAll = () =>
    Promise.all(sessions.map(({ person, grant }) => weigh(person.subject, grant.sessionId)));

  await rotateAll();
  const afterOne = await weighAll();
  for (let rotation = 2; rotation <= rotations; rotation += 1) {
    if (rotation % 1000 === 0) {
      signal.throwIfAborted();
      progress.step(`rotation ${rotation.toLocaleString('en')} of ${rotations.toLocaleString('en')}`);
    }
    await rotateAll();
  }
  return measurementOf(afterOne, await weighAll());

  /** Every key that names the session or its person, found by looking at all keys: none can hide. */
  async function weigh(subject: string, sessionId: string): Promise<Weight> {
    // A key names the session without its shard, which its hash tag says.
    const name = sessionId.slice(sessionId.indexOf('-') + 1);
    const keys = (await redis.keys('*')).filter((key) => key.includes(name) || key.includes(subject));
    const sizes = await Promise.all(
      keys.map(async (key) => ({ key, bytes: Number(await redis.memory('USAGE', key, 'SAMPLES', 0)) })),
    );
    const sum = (chosen: (key: string) => boolean) =>
      sizes.reduce((total, { key, bytes }) => total + (chosen(key) ? bytes : 0), 0);
    return { session: sum((key) => key.includes(name)), index: sum((key) => !key.includes(name)) };
  }
}

function measurementOf(afterOne: readonly Weight[], afterMany: readonly Weight[]): Measurement {
  const total = ({ session, index }: Weight) => session + index;
  const typical = <T>(weights: readonly T[]) => weights.slice(0, -1);
  const before = typical(afterOne).map(total);
  const after = typical(afterMany).map(total);
  const median = (weights: readonly number[]) => Math.round(spreadOf(weights).median);
  const last = afterMany.at(-1);
  return {
    figures: [
      {
        name: 'bytes per session after 10,000 rotations',
        values: after,
        unit: 'bytes',
        bound: { everyAtMost: 400 },
      },
      {
        name: '· against after 1 rotation',
        values: ratios(after, before),
        unit: 'ratio',
        bound: { everyAtMost: 1 },
      },
    ],
    details: [
      `after 1 rotation ${median(before)} B, after 10,000 ${median(after)} B (MEMORY USAGE, SAMPLES 0, all keys of the session)`,
      `of it the session's hash ${median(typical(afterMany).map(({ session }) => session))} B, the index of its person, with this one session, ${median(typical(afterMany).map(({ index }) => index))} B`,
      `a session with every value as long as it may be: ${last === undefined ? '?' : total(last)} B (not judged)`,
    ],
  };
}
