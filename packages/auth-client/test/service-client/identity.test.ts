import { Buffer } from 'node:buffer';
import { createPublicKey, verify } from 'node:crypto';
import { eventually, secondsSince } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createMemoryIdentityStore,
  createServiceIdentity,
  type IdentityStore,
  type ServiceIdentity,
} from '../../src/index.ts';
import { createTestClock, type TestClock } from '../clock.ts';

const audience = 'https://issuer.example';

let clock: TestClock;
let store: IdentityStore;
let identity: ServiceIdentity;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  clock = createTestClock();
  store = createMemoryIdentityStore();
});

afterEach(() => {
  identity.close();
  vi.useRealTimers();
});

function create(options: Partial<Parameters<typeof createServiceIdentity>[0]> = {}): ServiceIdentity {
  identity = createServiceIdentity({ clientId: 'payment-service', store, clock, ...options });
  return identity;
}

/** Advances the clock and the timers. */
async function pass(seconds: number): Promise<void> {
  clock.advance(seconds);
  await vi.advanceTimersByTimeAsync(seconds * 1000);
}

function partsOf(assertion: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = assertion.split('.');
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString());
  return { header: read(header), claims: read(claims) };
}

const kidOf = async (): Promise<unknown> => partsOf(await identity.assertion(audience)).header.kid;
const published = async (): Promise<string[]> => (await identity.publicKeys()).map(({ kid = '' }) => kid);

describe('a client assertion', () => {
  it('is what RFC 7523 §3 asks for, and good for one use', async () => {
    const startMs = Date.now();
    create();
    const assertion = await identity.assertion(audience);
    const { header, claims } = partsOf(assertion);
    const [jwk] = await identity.publicKeys();
    expect(header).toEqual({ alg: 'RS256', typ: 'client-authentication+jwt', kid: jwk?.kid });
    expect(claims).toEqual({
      iss: 'payment-service',
      sub: 'payment-service',
      aud: audience,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      iat: secondsSince(startMs),
      exp: Number(claims.iat) + 60,
    });
    const [input = '', signature = ''] = [
      assertion.slice(0, assertion.lastIndexOf('.')),
      assertion.split('.')[2],
    ];
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    expect(verify('sha256', Buffer.from(input), key, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(partsOf(await identity.assertion(audience)).claims.jti).not.toBe(claims.jti);
  });
});

describe('the key', () => {
  it('is published without its private half', async () => {
    create();
    await identity.ready();
    const [jwk] = await identity.publicKeys();
    expect(Object.keys(jwk ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(identity.justPublished).toBe(true);
    await pass(7);
    expect(identity.justPublished).toBe(false);
  });

  it('stays published as long as the process lives, and ten minutes longer', async () => {
    create();
    await identity.ready();
    const kid = await kidOf();
    for (let n = 0; n < 25; n += 1) await pass(30);
    expect(await published()).toEqual([kid]);
    identity.close();
    await pass(560);
    expect(await published()).toEqual([kid]);
    await pass(45);
    expect(await published()).toEqual([]);
  });

  it('is replaced by one that has been published before it signs; the old one stays for five minutes', async () => {
    create({ rotationHours: 1 });
    await identity.ready();
    const first = await kidOf();
    clock.advance(3600);
    await vi.advanceTimersByTimeAsync(30_000);
    // The first step makes a key, which takes a while on a busy machine.
    await eventually('two keys are published', async () => expect(await published()).toHaveLength(2));
    expect(await kidOf()).toBe(first);
    await pass(7);
    const second = await kidOf();
    expect(second).not.toBe(first);
    await pass(300);
    expect(await kidOf()).toBe(second);
    expect(await published()).toEqual([second, first]);
    for (let n = 0; n < 12; n += 1) await pass(30);
    expect(await published()).toEqual([second]);
  });

  it('is published again and again until the store takes it, and does not change', async () => {
    const failures: unknown[] = [];
    let broken = true;
    const put = vi.fn(async (key: Parameters<IdentityStore['put']>[0]) => {
      if (broken) throw new Error('no database');
      return store.put(key);
    });
    create({ store: { put, list: (now) => store.list(now) }, onFailed: (error) => failures.push(error) });
    await expect(identity.assertion(audience)).rejects.toMatchObject({ code: 'identity_unavailable' });
    await pass(2);
    await eventually('the key was stored twice', () => expect(put.mock.calls.length).toBe(2));
    broken = false;
    await pass(2);
    await eventually('one key is published', async () => expect(await published()).toHaveLength(1));
    expect(new Set(put.mock.calls.map(([{ kid }]) => kid)).size).toBe(1);
    expect(failures).toHaveLength(2);
    await identity.ready();
  });
});

describe('the store in memory', () => {
  const jwk = { kty: 'RSA', n: 'AQ', e: 'AQAB', kid: 'k', use: 'sig', alg: 'RS256' };

  it('forgets what has expired, and lists what lives longest first, at most as much as a key set may have', async () => {
    create();
    for (let n = 1; n <= 64; n += 1) await store.put({ kid: `k${n}`, jwk, expiresAt: n });
    const kids = (await store.list(0)).map(({ kid }) => kid).filter((kid) => kid.startsWith('k'));
    expect(kids.length).toBeLessThanOrEqual(60);
    expect((await store.list(62)).map(({ expiresAt }) => expiresAt).filter((at) => at < 100)).toEqual([
      64, 63,
    ]);
    expect((await store.list(0)).filter(({ expiresAt }) => expiresAt < 63)).toEqual([]);
  });
});
