import { byService, serviceKeys } from '@latchkey/services';
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
const heap = byService((key) => 20 + serviceKeys.indexOf(key));
const resident = byService((key) => 90 + serviceKeys.indexOf(key));
const http = byService((key) => service(heap[key] * 1e6, resident[key] * 1e6));

it('reads megabytes from metrics, and from the INFO of Redis', async () => {
  const redis = { info: async () => '# Memory\r\nused_memory:2500000\r\nused_memory_rss:9\r\n' };
  expect(await lookAtMemory(http, redis as never)).toEqual({
    heap,
    resident: { ...resident, Redis: 2.5 },
  });
});

it('leaves out a Redis that cannot be asked', async () => {
  expect((await lookAtMemory(http)).resident).toEqual(resident);
});

it('throws when a metric is missing', async () => {
  const bare = { ...http, cart: { text: async () => 'nothing' } };
  await expect(lookAtMemory(bare)).rejects.toThrow('nodejs_heap_size_used_bytes');
});
