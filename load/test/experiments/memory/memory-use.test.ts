import { expect, it } from 'vitest';
import { lookAtMemory } from '../../../src/experiments/memory/memory-use.ts';

const service = (heap: number, resident: number) => ({
  text: async () =>
    [
      '# HELP nodejs_heap_size_used_bytes Process heap size used from Node.js in bytes.',
      `nodejs_heap_size_total_bytes{service="a"} 1`,
      `nodejs_heap_size_used_bytes{service="a"} ${heap}`,
      `process_resident_memory_bytes ${resident}`,
    ].join('\n'),
});
const http = {
  auth: service(20e6, 90e6),
  cart: service(21e6, 9.1e7),
  wishlist: service(22e6, 92e6),
  payment: service(23e6, 93e6),
};

it('reads megabytes from metrics, and from what Redis says of itself', async () => {
  const redis = { info: async () => '# Memory\r\nused_memory:2500000\r\nused_memory_rss:9\r\n' };
  expect(await lookAtMemory(http, redis as never)).toEqual({
    heap: { auth: 20, cart: 21, wishlist: 22, payment: 23 },
    resident: { auth: 90, cart: 91, wishlist: 92, payment: 93, Redis: 2.5 },
  });
});

it('leaves out a Redis that cannot be asked', async () => {
  expect((await lookAtMemory(http)).resident).toEqual({ auth: 90, cart: 91, wishlist: 92, payment: 93 });
});

it('makes no figure of what is not there', async () => {
  const bare = { ...http, cart: { text: async () => 'nothing' } };
  await expect(lookAtMemory(bare)).rejects.toThrow('nodejs_heap_size_used_bytes');
});
