import type { RedisClient } from './client.ts';
import { onePerMaster } from './cluster.ts';
import { probeKey } from './key-names.ts';
import { loadScript } from './script.ts';

const keptForMs = 60_000;
const script = loadScript<string>('proveWritable', [
  new URL('./scripts/prove-writable.lua', import.meta.url),
]);

/**
 * Resolves when Redis, in a cluster every master, can run every command that requests need. PING is not enough: a
 * read-only replica and a full store answer it too, and a Redis user may be allowed nothing else.
 *
 * Rejects with Redis' own error.
 */
export async function proveWritable(redis: RedisClient): Promise<void> {
  await Promise.all(onePerMaster(redis, probeKey).map((key) => script(redis, [key], [keptForMs])));
}
