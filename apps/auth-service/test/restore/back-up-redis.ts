import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { AuthApp } from '../support/auth-app.ts';

/** What to make of a copied RDB file. */
export type Placement = 'beside the append-only files' | 'as the base of the append-only files';

/**
 * Has Redis save an RDB file, and copies it. The returned function stops that server, puts the copy in its folder
 * without any other data, and starts it again. Redis must be durable.
 */
export async function backUpRedis({
  redis,
}: Pick<AuthApp, 'redis'>): Promise<(placement?: Placement) => Promise<void>> {
  const client = new Redis(redis.url);
  const [, folder] = (await client.config('GET', 'dir')) as [string, string];
  await client.save();
  client.disconnect();
  const copy = join(folder, 'copy-of-the-rdb');
  cpSync(join(folder, 'dump.rdb'), copy);
  return async (placement = 'as the base of the append-only files') => {
    await redis.kill();
    const appendOnly = join(folder, 'appendonlydir');
    rmSync(appendOnly, { recursive: true });
    rmSync(join(folder, 'dump.rdb'), { force: true });
    if (placement === 'beside the append-only files') {
      cpSync(copy, join(folder, 'dump.rdb'));
    } else {
      mkdirSync(appendOnly);
      cpSync(copy, join(appendOnly, 'appendonly.aof.1.base.rdb'));
      writeFileSync(
        join(appendOnly, 'appendonly.aof.manifest'),
        'file appendonly.aof.1.base.rdb seq 1 type b\n',
      );
    }
    await redis.restart();
  };
}
