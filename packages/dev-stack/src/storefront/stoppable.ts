import type { RedisInstance } from '../redis/start.ts';
import type { Service } from '../services/service.ts';
import type { Stoppable } from './control.ts';

/** The parts that the demo may stop. A service is stopped normally; Redis is frozen, so that it keeps its data. */
export function stoppableParts(auth: Service, redis: RedisInstance): Record<string, Stoppable> {
  let isFrozen = false;
  return {
    'auth-service': {
      isStopped: () => auth.pid === undefined,
      stop: () => auth.stop(),
      start: (signal) => auth.start(signal),
    },
    redis: {
      isStopped: () => isFrozen,
      async stop() {
        await redis.freeze();
        isFrozen = true;
      },
      async start() {
        await redis.thaw();
        isFrozen = false;
      },
    },
  };
}
