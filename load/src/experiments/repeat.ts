import type { Redis } from 'ioredis';
import { lookAtRedis } from '../system/watch.ts';

/** A person's device. Does once what is measured, or throws. */
export type Device = () => Promise<void>;

/** What one round of it cost. */
export type Repeated = {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly redisCommands: number;
  /** How many keys Redis gained for each. */
  readonly keysLeft: number;
};

/** Each device does it again and again for this many seconds. */
export async function repeatFor(
  seconds: number,
  side: { readonly own: readonly Device[]; redis: Redis; cpuSeconds: () => Promise<number> },
): Promise<Repeated> {
  const look = async () => ({
    cpu: await side.cpuSeconds(),
    keys: await side.redis.dbsize(),
    commands: (await lookAtRedis(side.redis)).commands,
  });
  const before = await look();
  const beganAt = performance.now();
  const endAt = beganAt + seconds * 1000;
  let count = 0;
  const keepOn = async (device: Device): Promise<void> => {
    while (performance.now() < endAt) {
      await device();
      count += 1;
    }
  };
  await Promise.all(side.own.map(keepOn));
  const elapsedMs = performance.now() - beganAt;
  const after = await look();
  return {
    perSecond: (count * 1000) / elapsedMs,
    cpuMicroseconds: ((after.cpu - before.cpu) * 1e6) / count,
    redisCommands: (after.commands - before.commands) / count,
    keysLeft: (after.keys - before.keys) / count,
  };
}
