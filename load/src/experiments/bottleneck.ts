import { serviceKeys as services } from '@latchkey/services';
import type { SystemUse } from '../system/watch.ts';

/** The share of its capacity above which a part has no room left. */
const full = 0.9;

/** Names the part that limits a system, in a few words, by the CPU that each part used. */
export function findBottleneck(
  use: SystemUse,
  own: { readonly generatorCpu: number; readonly cores: number },
): string {
  const parts: (readonly [name: string, cpu: number])[] = [
    ...services.map((name) => [`${name}-service`, use.services[name].cpu] as const),
    ['Redis', use.redisCpu ?? 0],
    ['generator', own.generatorCpu],
  ];
  const known = parts.reduce((sum, [, cpu]) => sum + cpu, 0);
  const rest = ['Postgres and all else', Math.max(0, use.busyCores - known)] as const;
  const biggest = [...parts, rest]
    .filter(([, cpu]) => cpu >= 0.05)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, cpu]) => `${name} ${cpu.toFixed(2)}`)
    .join(', ');
  if (use.busyCores >= full * own.cores) return `all ${own.cores} cores of the machine: ${biggest}`;
  // A Node.js process has one thread for its own code, and Redis one for its commands.
  const single = parts
    .filter(([, cpu]) => cpu >= full)
    .map(([name, cpu]) => `${name} (${cpu.toFixed(2)} of a core)`);
  return single.length > 0 ? single.join(', ') : `no CPU: it waited for something else (${biggest})`;
}
