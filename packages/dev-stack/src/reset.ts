import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { latchkeyDirectory } from './directory.ts';
import { DevStackError, explain } from './errors.ts';
import { stopOrphan } from './processes/orphan.ts';
import { lockHolder } from './stack/lock.ts';

// npm run reset: deletes all data and secrets of the stack on this machine.
const directory = latchkeyDirectory();
// Fetched programs stay: the next start must not need a network.
const kept = new Set(['toolchain.json', 'programs']);

try {
  await reset();
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}

async function reset(): Promise<void> {
  if (!existsSync(directory)) return console.log('There is no data to remove.');
  const holder = lockHolder(directory);
  if (holder !== undefined) throw new DevStackError(`Latchkey is running (${holder}): stop it first.`);
  const data = join(directory, 'postgres', 'data');
  await stopOrphan({
    pidFile: join(data, 'postmaster.pid'),
    program: /^postgres$/,
    directory: data,
    signal: 'SIGINT',
  });
  const redis = join(directory, 'redis');
  await stopOrphan({
    pidFile: join(redis, 'redis.pid'),
    program: /^(redis|valkey)-/,
    directory: redis,
    signal: 'SIGTERM',
  });
  for (const name of readdirSync(directory).filter((entry) => !kept.has(entry))) {
    rmSync(join(directory, name), { recursive: true, force: true });
  }
  console.log(`Removed all data and secrets from ${directory}.`);
  if (process.env['REDIS_URL'])
    console.log('Data in the Redis of REDIS_URL was not removed: remove it yourself.');
}
