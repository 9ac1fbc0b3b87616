import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeySet } from '../../src/key-set/key-set.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';

let first: SigningKey;
let second: SigningKey;
let published: SigningKey[];
let fails: boolean;
let fetches: number;
let keySet: KeySet;

beforeAll(async () => {
  [first, second] = await Promise.all([createSigningKey(), createSigningKey()]);
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  published = [first];
  fails = false;
  fetches = 0;
  keySet = new KeySet({
    jwksUri: 'http://issuer.example/jwks.json',
    fetch: async () => {
      fetches += 1;
      if (fails) throw new TypeError('fetch failed');
      const headers = { 'content-type': 'application/json', 'cache-control': 'max-age=100' };
      return new Response(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }), { headers });
    },
    timeoutMs: 1000,
    cooldownSeconds: 30,
    maxStaleSeconds: 3600,
    clock: systemClock,
  });
});

afterEach(() => {
  keySet.close();
  vi.useRealTimers();
});

/** Fires the timer and waits until the fetch that it starts has ended. */
async function pass(seconds: number): Promise<void> {
  vi.advanceTimersByTime(seconds * 1000);
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
}

describe('without any request', () => {
  it('fetches again when the set is no longer fresh, and drops keys that it lacks', async () => {
    await keySet.refresh();
    const key = keySet.find(first.kid);
    expect(key?.current).toBe(true);
    vi.advanceTimersByTime(89_000);
    expect(fetches).toBe(1);
    published = [second];
    await pass(11);
    expect(fetches).toBe(2);
    expect(keySet.find(first.kid)).toBeUndefined();
    expect(key?.current).toBe(false);
    expect(keySet.find(second.kid)?.current).toBe(true);
  });

  it('keeps the same key object while the key stays, so that tokens that it verified stay good', async () => {
    await keySet.refresh();
    const key = keySet.find(first.kid);
    published = [second, first];
    await pass(100);
    expect(keySet.find(first.kid)).toBe(key);
    expect(key?.current).toBe(true);
  });

  it('tries again soon after a failure, and keeps the keys', async () => {
    await keySet.refresh();
    fails = true;
    await pass(100);
    expect(fetches).toBe(2);
    expect(keySet.find(first.kid)?.current).toBe(true);
    fails = false;
    await pass(1);
    expect(fetches).toBe(3);
  });

  it('forgets earlier failures with the first success', async () => {
    fails = true;
    await keySet.refresh();
    for (let failures = 1; failures < 8; failures += 1) await pass(30);
    fails = false;
    await pass(30);
    fails = true;
    await pass(100);
    const before = fetches;
    await pass(1);
    expect(fetches).toBe(before + 1);
  });

  it('believes an issuer that withdraws every key, until it publishes one again', async () => {
    await keySet.refresh();
    published = [];
    await pass(100);
    expect(fetches).toBeGreaterThan(1);
    expect(keySet.find(first.kid)).toBeUndefined();
    await expect(keySet.untilUsable()).rejects.toMatchObject({ status: 503, code: 'key_set_unavailable' });
    published = [first];
    await keySet.refresh();
    await keySet.untilUsable();
    expect(keySet.find(first.kid)?.current).toBe(true);
  });
});

describe('fetching', () => {
  it('is done once for all callers at the same time', async () => {
    expect(await Promise.all([keySet.refresh(), keySet.refresh(), keySet.refresh()])).toEqual([
      true,
      true,
      true,
    ]);
    expect(fetches).toBe(1);
  });

  it('does not happen any more once closed', async () => {
    keySet.close();
    expect(await keySet.refresh()).toBe(false);
    expect(fetches).toBe(0);
  });
});
