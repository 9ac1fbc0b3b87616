import type { Redis } from 'ioredis';
import { probeKey } from './key-names.ts';
import { loadScript } from './script.ts';

const KEPT_FOR_MS = 60_000;
const script = loadScript<string>('proveWritable', [
  new URL('./scripts/prove-writable.lua', import.meta.url),
]);

/**
 * Resolves when Redis does what requests need. PING alone is answered by a replica that cannot be written to, by a full
 * store, and to a user who may do nothing else.
 *
 * Rejects with Redis' own error, which says why not.
 */
export async function proveWritable(redis: Redis): Promise<void> {
  await script(redis, [probeKey()], [KEPT_FOR_MS]);
}
