import type { Redis } from 'ioredis';
import { probeKey } from './key-names.ts';
import { loadScript } from './script.ts';

const keptForMs = 60_000;
const script = loadScript<string>('proveWritable', [
  new URL('./scripts/prove-writable.lua', import.meta.url),
]);

/**
 * Resolves when Redis can run every command that requests need. PING is not enough: a read-only replica and a full
 * store answer it too, and a Redis user may be allowed nothing else.
 *
 * Rejects with Redis' own error.
 */
export async function proveWritable(redis: Redis): Promise<void> {
  await script(redis, [probeKey()], [keptForMs]);
}
