import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KeySet } from '../../src/key-set/key-set.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { type JwksServer, keySetOf, startJwksServer } from './jwks-server.ts';

let first: SigningKey;
let second: SigningKey;
let jwks: JwksServer;
let keySet: KeySet;

beforeAll(async () => {
  [first, second] = await Promise.all([createSigningKey(), createSigningKey()]);
});

beforeEach(async () => {
  jwks = await startJwksServer(keySetOf(first));
  keySet = new KeySet({
    jwksUri: jwks.jwksUri,
    fetch: globalThis.fetch,
    timeoutMs: 5000,
    cooldownSeconds: 30,
    maxStaleSeconds: 3600,
    clock: systemClock,
  });
});

afterEach(async () => {
  keySet.close();
  await jwks.close();
});

describe('a key set whose issuer has withdrawn a key', () => {
  it('is fetched at once, and once more a second later', async () => {
    await keySet.refresh();
    jwks.answer(keySetOf(second));
    keySet.renew();
    await eventually('the second key is known', () => expect(keySet.find(second.kid)).toBeDefined());
    expect(keySet.find(first.kid)).toBeUndefined();
    await eventually('the keys were asked for three times', () => expect(jwks.requests).toBe(3));
  });

  it('is fetched anew when a fetch was under way that may bring the old keys', async () => {
    let release = (): void => {};
    jwks.answer((request, response) => {
      release = () => keySetOf(first)(request, response);
      jwks.answer(keySetOf(second));
    });
    const underWay = keySet.refresh();
    await eventually('the keys were asked for once', () => expect(jwks.requests).toBe(1));
    keySet.renew();
    release();
    await underWay;
    await eventually('the second key is known', () => expect(keySet.find(second.kid)).toBeDefined());
    expect(jwks.requests).toBe(2);
  });

  it('does not ask for each of many', async () => {
    await keySet.refresh();
    for (let n = 0; n < 100; n += 1) keySet.renew();
    await eventually('the keys were asked for four times', () => expect(jwks.requests).toBe(4));
  });

  it('asks for nothing once it is closed', async () => {
    await keySet.refresh();
    keySet.renew();
    keySet.close();
    expect(await keySet.refresh()).toBe(false);
    expect(jwks.requests).toBeLessThanOrEqual(2);
  });
});
