import { serviceKeys as services } from '@latchkey/services';
import type { Redis } from 'ioredis';
import type { Http, ServiceName } from '../../system/http.ts';
import { numberIn } from '../../system/number-in.ts';

const bytesPerMegabyte = 1e6;

/** In megabytes: the heap and the resident memory of each service, and the data of Redis. */
export type MemoryUse = {
  readonly heap: Readonly<Record<string, number>>;
  readonly resident: Readonly<Record<string, number>>;
};

/** Asks each service (GET /metrics), and Redis if its connection is given. */
export async function lookAtMemory(
  http: Readonly<Record<ServiceName, Pick<Http, 'text'>>>,
  redis?: Pick<Redis, 'info'>,
): Promise<MemoryUse> {
  const metrics = await Promise.all(services.map((service) => http[service].text({ path: '/metrics' })));
  const data = redis && numberIn(await redis.info('memory'), /^used_memory:(\d+)/m) / bytesPerMegabyte;
  const of = (name: string) =>
    Object.fromEntries(
      services.map((service, index) => {
        const pattern = new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+-]+)$`, 'm');
        return [service, numberIn(metrics[index] ?? '', pattern) / bytesPerMegabyte];
      }),
    );
  return {
    heap: of('nodejs_heap_size_used_bytes'),
    resident: { ...of('process_resident_memory_bytes'), ...(data !== undefined && { Redis: data }) },
  };
}
