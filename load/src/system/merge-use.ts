import { byService } from '@latchkey/services';
import type { ServiceName } from './http.ts';
import type { ServiceUse, SystemUse } from './watch.ts';

/**
 * Merges the use of several rounds: average CPU, all Redis commands, the worst event loop, and the memory at the end.
 */
export function mergeUse(rounds: readonly SystemUse[]): SystemUse {
  const seconds = rounds.reduce((total, round) => total + round.seconds, 0);
  const averageOf = (of: (round: SystemUse) => number) =>
    rounds.reduce((total, round) => total + of(round) * round.seconds, 0) / seconds;
  const service = (name: ServiceName): ServiceUse => ({
    cpu: averageOf(({ services }) => services[name].cpu),
    memoryBytes: rounds.at(-1)?.services[name].memoryBytes ?? Number.NaN,
    eventLoopP99Ms: Math.max(...rounds.map(({ services }) => services[name].eventLoopP99Ms)),
  });
  const services = byService(service);
  const merged = { seconds, services, busyCores: averageOf(({ busyCores }) => busyCores) };
  if (rounds.some(({ redisCommands }) => redisCommands === undefined)) return merged;
  return {
    ...merged,
    redisCommands: rounds.reduce((total, { redisCommands = 0 }) => total + redisCommands, 0),
    redisCpu: averageOf(({ redisCpu = 0 }) => redisCpu),
  };
}
