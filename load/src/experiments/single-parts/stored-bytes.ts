import { randomBytes } from 'node:crypto';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connectRedis, createSessionStore, type NewSession } from '@latchkey/auth-service/testing';
import { startRedis } from '@latchkey/dev-stack';
import { medianOf, ratios } from '../../report/statistics.ts';
import type { Context, SectionResult } from '../../section.ts';
import { fillList } from '../auth-cost/held-revocations.ts';

const rotations = 10_000;
const sessionSeconds = 30 * 24 * 3600;

/** Devices of different people, one session each, so that every session bears a whole per-person index. */
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

/** Every field as long as it may be. Its figure has no threshold. */
const longest: NewSession = {
  subject: randomBytes(16).toString('base64url'),
  clientId: 'latchkey-cli',
  roles: ['customer', 'viewer', 'support', 'admin'],
  rolesVersion: 1000,
  scopes: ['cart:read', 'cart:write', 'wishlist:read', 'payment:read', 'payment:write', 'payment:refund'],
  deviceName: 'x'.repeat(64),
  address: '2001:db8:85a3:8d3:1319:8a2e:1370:7348',
};

type Weight = { readonly session: number; readonly index: number };

/** Measures the bytes of a session in Redis, new and old, and of a revocation in a service. */
export async function measureStoredBytes({ quick, tell, signal }: Context): Promise<SectionResult> {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'latchkey-load-'));
  // A server of our own, and empty, because all its keys are read.
  const server = await startRedis({ directory: directory.path, durable: false, signal });
  await using _server = { [Symbol.asyncDispose]: () => server.stop() };
  const redis = connectRedis({ url: server.url, onError: () => {} });
  await using _redis = { [Symbol.asyncDispose]: async () => redis.disconnect() };
  let now = Date.now();
  const store = createSessionStore({
    redis,
    macKeys: [{ kid: 'k1', secret: randomBytes(32) }],
    shards: 1,
    sessionSeconds,
    revocationSeconds: 330,
    // No data is lost here.
    dataSets: { requireKnown: () => {}, confirm: async () => {}, confirmMost: async () => {} },
    clock: () => now,
  });

  const people = (quick ? devices.slice(0, 3) : devices).map((device) => ({
    ...device,
    subject: randomBytes(16).toString('base64url'),
    roles: ['customer'],
    rolesVersion: 0,
  }));
  // The first session begins the data set. Sessions of its first second say so in an additional field.
  await store.start(longest);
  now += 2000;
  const sessions = await Promise.all(
    [...people, longest].map((person) => store.start(person).then((started) => ({ person, ...started }))),
  );
  const tokens = sessions.map(({ refreshToken }) => refreshToken);

  const rotateAll = async () => {
    // The rotations are spread over the session's whole life, as if each access token had been used until it expired.
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
      tell(`rotation ${rotation.toLocaleString('en')} of ${rotations.toLocaleString('en')}`);
    }
    await rotateAll();
  }
  return describe(afterOne, await weighAll());

  /** The bytes of every key that names the session or its person. Reads all keys, so that it misses none. */
  async function weigh(subject: string, sessionId: string): Promise<Weight> {
    // A key names the session without its shard. The key's hash tag contains the shard.
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

function describe(afterOne: readonly Weight[], afterMany: readonly Weight[]): SectionResult {
  const total = ({ session, index }: Weight) => session + index;
  const typical = afterMany.slice(0, -1);
  const after = typical.map(total);
  const before = afterOne.slice(0, -1).map(total);
  const part = (of: keyof Weight) => Math.round(medianOf(typical.map((weight) => weight[of])));
  const longestNow = afterMany.slice(-1).map(total);
  return {
    figures: [
      { name: 'bytes of a session in Redis, after 1 rotation', unit: 'bytes', values: before },
      { name: 'bytes of a session in Redis, after 10,000 rotations', unit: 'bytes', values: after },
      {
        name: 'ratio of bytes of a session in Redis, after 10,000 rotations',
        against: 'after 1 rotation',
        unit: '',
        values: ratios(after, before),
      },
      { name: 'bytes of the longest session there can be', unit: 'bytes', values: longestNow },
      { name: 'bytes of a revocation that a service holds', unit: 'bytes', values: [bytesPerRevocation()] },
    ],
    tables: [],
    plots: [],
    notes: [
      `A value for each device, by MEMORY USAGE of all keys that name the session or its person: of these the session's hash ${part('session')} bytes, and the index of its person, with this one session, ${part('index')}.`,
      'Of 100,000 revocations the heap of this process, before and after.',
    ],
    invalid: [],
  };
}

/** The heap bytes of one revocation, averaged over a list of 100,000. */
function bytesPerRevocation(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const heldBytes = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = heldBytes();
  const list = fillList();
  const after = heldBytes();
  return (after - before) / list.size;
}
