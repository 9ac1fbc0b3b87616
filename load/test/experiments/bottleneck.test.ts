import { byService } from '@latchkey/services';
import { expect, it } from 'vitest';
import { findBottleneck } from '../../src/experiments/bottleneck.ts';
import type { ServiceUse, SystemUse } from '../../src/system/watch.ts';

const service = (cpu: number): ServiceUse => ({ cpu, memoryBytes: 1, eventLoopP99Ms: 1 });

function using(cpu: Partial<Record<'auth' | 'cart' | 'redis', number>>, busyCores: number): SystemUse {
  const { auth = 0, cart = 0, redis = 0 } = cpu;
  const services = { ...byService(() => service(0)), auth: service(auth), cart: service(cart) };
  return { seconds: 1, busyCores, services, redisCpu: redis };
}

it('names the machine when all its cores are busy, and the processes that use them', () => {
  const use = using({ auth: 1.1, cart: 0.01, redis: 0.1 }, 1.9);
  expect(findBottleneck(use, { generatorCpu: 0.5, cores: 2 })).toBe(
    'all 2 cores of the machine: auth-service 1.10, generator 0.50, Postgres and all else 0.19, Redis 0.10',
  );
});

it('names the process whose one thread is busy', () => {
  const use = using({ auth: 0.2, cart: 0.97 }, 2);
  expect(findBottleneck(use, { generatorCpu: 0.3, cores: 8 })).toBe('cart-service (0.97 of a core)');
});

it('names the generator, too', () => {
  expect(findBottleneck(using({}, 1), { generatorCpu: 0.98, cores: 8 })).toBe('generator (0.98 of a core)');
});

it('says when no CPU was the limit', () => {
  expect(findBottleneck(using({ auth: 0.3 }, 1), { generatorCpu: 0.2, cores: 8 })).toContain('no CPU');
});
