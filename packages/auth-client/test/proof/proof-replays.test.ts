import { describe, expect, it } from 'vitest';
import type { AuthError } from '../../src/errors.ts';
import {
  type ProofReplays,
  type ProofStore,
  replaysInMemory,
  replaysInStore,
} from '../../src/proof/proof-replays.ts';

let now = 1_800_000_000;
const seconds = () => now;

async function verdict(
  replays: ProofReplays,
  claims: { jti?: string; nonce?: string | undefined; iat?: number; thumbprint?: string },
) {
  try {
    await replays.accept({ thumbprint: 't', jti: 'j', iat: now, nonce: undefined, ...claims });
    return 'accepted';
  } catch (error) {
    const { code, headers } = error as AuthError;
    return code === 'use_dpop_nonce' ? { nonce: headers['dpop-nonce'] } : code;
  }
}

/** The nonce that a client gets which has none, and whose clock is wrong. */
async function nonceOf(replays: ProofReplays): Promise<string> {
  const refused = await verdict(replays, { iat: now + 3600 });
  return (refused as { nonce: string }).nonce;
}

describe('a replica that keeps proofs in its memory', () => {
  it('wants a nonce of its own, and accepts each proof once', async () => {
    const [one, other] = [replaysInMemory(seconds), replaysInMemory(seconds)];
    expect(await verdict(one, {})).toEqual({ nonce: await nonceOf(one) });
    const proof = { nonce: await nonceOf(one) };
    expect(await verdict(one, proof)).toBe('accepted');
    expect(await verdict(one, proof)).toBe('invalid_dpop_proof');
    expect(await verdict(other, proof)).toEqual({ nonce: await nonceOf(other) });
  });

  it.each([59, 61, 119, 121, 239, 241, 1000])('does not accept it %i s later either', async (later) => {
    const replays = replaysInMemory(seconds);
    const proof = { nonce: await nonceOf(replays) };
    await verdict(replays, proof);
    for (let step = 0; step < later; step += 30) {
      now += Math.min(30, later - step);
      await verdict(replays, { jti: `other ${now}`, nonce: await nonceOf(replays) });
    }
    expect(await verdict(replays, proof)).not.toBe('accepted');
  });

  it('does not look at the client’s clock', async () => {
    const replays = replaysInMemory(seconds);
    expect(await verdict(replays, { nonce: await nonceOf(replays), iat: now - 600 })).toBe('accepted');
  });

  it('gives its nonces up rather than forget a proof', async () => {
    const replays = replaysInMemory(seconds);
    const nonce = await nonceOf(replays);
    for (let number = 0; number < 50_000; number += 1) await verdict(replays, { jti: `j${number}`, nonce });
    expect(await verdict(replays, { jti: 'one more', nonce })).toEqual({ nonce: await nonceOf(replays) });
    expect(await nonceOf(replays)).not.toBe(nonce);
    expect(await verdict(replays, { jti: 'j1', nonce })).toEqual({ nonce: await nonceOf(replays) });
    expect(await verdict(replays, { jti: 'j1', nonce: await nonceOf(replays) })).toBe('accepted');
  });
});

describe('replicas that share a store', () => {
  const used = new Set<string>();
  const key = Buffer.alloc(32, 1);
  const store: ProofStore = {
    async use(id) {
      return !used.has(id) && Boolean(used.add(id));
    },
    nonceKey: async () => key,
  };
  const [one, other] = [replaysInStore(store, seconds), replaysInStore(store, seconds)];

  it('accept a proof once, without a nonce', async () => {
    expect(await verdict(one, { jti: 'once' })).toBe('accepted');
    expect(await verdict(other, { jti: 'once' })).toBe('invalid_dpop_proof');
  });

  it('give nonces to those alone who need them (RFC 9449 §11.3)', async () => {
    const proof = { thumbprint: 't', jti: 'plain', iat: now, nonce: undefined };
    expect(await one.accept(proof)).toBeUndefined();
    const nonce = await nonceOf(one);
    expect(await other.accept({ ...proof, jti: 'with', iat: now + 600, nonce })).toBe(nonce);
    expect(await verdict(other, { jti: 'without again', iat: now + 600 })).toEqual({ nonce });
  });

  it('take the same jti of another key for another proof', async () => {
    expect(await verdict(one, { jti: 'shared' })).toBe('accepted');
    const batch = Array.from({ length: 20 }, (_, number) =>
      verdict(other, { jti: 'shared', thumbprint: `t${number}` }),
    );
    expect(new Set(await Promise.all(batch))).toEqual(new Set(['accepted']));
  });

  it.each([-61, 61, 600])('want a nonce of a client whose clock is %i s off', async (off) => {
    expect(await verdict(one, { jti: 'first', iat: now + off })).toEqual({ nonce: await nonceOf(one) });
    expect(await verdict(other, { jti: `off ${off}`, iat: now + off, nonce: await nonceOf(one) })).toBe(
      'accepted',
    );
  });

  it('refuse a nonce that is not theirs, or no longer', async () => {
    expect(await verdict(one, { nonce: 'made up' })).toEqual({ nonce: await nonceOf(one) });
    const nonce = await nonceOf(one);
    now += 120;
    expect(await verdict(one, { nonce })).toEqual({ nonce: await nonceOf(one) });
  });

  it('learn of another key when the store has lost its data', async () => {
    const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const renewed = replaysInStore({ ...store, nonceKey: async () => keys[0] as Buffer }, seconds);
    await verdict(renewed, { jti: 'before' });
    const nonce = await nonceOf(renewed);
    keys.shift();
    now += 301;
    expect(await verdict(renewed, { jti: 'after', nonce })).toEqual({ nonce: await nonceOf(renewed) });
    expect(await verdict(renewed, { jti: 'again', nonce: await nonceOf(renewed) })).toBe('accepted');
  });

  it.each<[string, Partial<ProofStore>]>([
    ['is away', { use: () => Promise.reject(new Error('away')) }],
    ['never answers', { use: () => new Promise(() => {}), timeoutMs: 20 }],
    ['has no key for nonces', { nonceKey: () => Promise.reject(new Error('away')) }],
  ])('accept nothing while it %s', async (_, fault) => {
    expect(await verdict(replaysInStore({ ...store, ...fault }, seconds), { jti: 'x' })).toBe(
      'proof_store_unavailable',
    );
  });
});
