import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { lookAtShared, noUse, usedBeyond } from '../../../src/experiments/auth-cost/shared-use.ts';
import type { Http } from '../../../src/system/http.ts';

const metrics = [
  '# TYPE process_cpu_seconds_total counter',
  'process_cpu_user_seconds_total{service="auth-service"} 2.5',
  'process_cpu_seconds_total{service="auth-service"} 3.25',
].join('\n');
const info: Readonly<Record<string, string>> = {
  cpu: '# CPU\r\nused_cpu_sys:0.500000\r\nused_cpu_user:1.250000\r\nused_cpu_sys_children:9.0\r\n',
  stats: '# Stats\r\ntotal_connections_received:7\r\ntotal_commands_processed:1234\r\n',
};
const redis = { info: async (section: string) => info[section] ?? '' } as unknown as Redis;
const auth = (text: string) => ({ text: async () => text }) as unknown as Http;

describe('the use of what all services share', () => {
  it('is read from the metrics of auth-service, and from the INFO of Redis', async () => {
    expect(await lookAtShared(auth(metrics), redis)).toEqual({
      authCpu: 3.25,
      redisCpu: 1.75,
      redisCommands: 1234,
    });
  });

  it('throws when a metric is missing', async () => {
    await expect(lookAtShared(auth('nothing'), redis)).rejects.toThrow('process_cpu_seconds_total');
  });
});

describe('the use beyond idleness', () => {
  const idle = { authCpu: 0.01, redisCpu: 0.02, redisCommands: 5 };

  it('leaves out the use without requests', () => {
    const before = { authCpu: 1, redisCpu: 1, redisCommands: 100 };
    const after = { authCpu: 1.5, redisCpu: 1.3, redisCommands: 180 };
    const used = usedBeyond(idle, { before, after, seconds: 10 });
    expect(used.authCpu).toBeCloseTo(0.4);
    expect(used.redisCpu).toBeCloseTo(0.1);
    expect(used.redisCommands).toBe(30);
  });

  it('is never negative', () => {
    expect(usedBeyond(idle, { before: noUse, after: noUse, seconds: 10 })).toEqual(noUse);
  });
});
