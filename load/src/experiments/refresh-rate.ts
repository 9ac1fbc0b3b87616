import type { Redis } from 'ioredis';
import { medianOf, ratios } from '../report/statistics.ts';
import type { Context, Section, SectionResult } from '../section.ts';
import type { Http } from '../system/http.ts';
import { refresh, type Session } from '../system/people.ts';
import { cpuSecondsOf, lookAtRedis } from '../system/watch.ts';
import type { Contender } from './rounds.ts';
import { measureSigning } from './signing.ts';

const plans = {
  full: { rounds: 7, seconds: 4, warmUpSeconds: 4, signatures: 2000 },
  quick: { rounds: 2, seconds: 0.8, warmUpSeconds: 0.4, signatures: 200 },
};
/** This many refreshes are under way at any time. */
export const devices = 32;

/** A person's device. Gets the next tokens, or throws. */
export type Device = () => Promise<void>;

export type RefreshRound = {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly redisCommands: number;
  /** How many keys Redis gained for each refresh. */
  readonly keysLeft: number;
};

/** Compares refreshes with bare signatures, the only part of a refresh that cannot be made cheaper. */
export const refreshSection: Section = {
  name: 'refresh-rate',
  title: 'Refreshes, as many as there can be',
  seconds: { full: 45, quick: 3 },
  needsOwnSystem: true,
  run,
};

async function run(context: Context): Promise<SectionResult> {
  const { rounds, signatures, ...plan } = context.quick ? plans.quick : plans.full;
  const perSecond: number[] = [];
  const signed: number[] = [];
  const ours = refreshingAtOurs(context);
  await ours.play(plan.warmUpSeconds);
  for (let round = 1; round <= rounds; round += 1) {
    context.signal.throwIfAborted();
    context.tell(`round ${round} of ${rounds}`);
    signed.push(1e6 / medianOf(measureSigning({ rounds: 1, perRound: signatures })));
    perSecond.push((await ours.play(plan.seconds)).perSecond);
  }
  return {
    figures: [
      { name: 'refreshes/s of one auth-service', unit: '1/s', values: perSecond },
      { name: 'bare RS256 signatures/s on one thread', unit: '1/s', values: signed },
      {
        name: 'ratio of refreshes/s to bare signatures/s',
        against: 'RS256 signatures/s on one thread',
        unit: '',
        values: ratios(perSecond, signed),
      },
    ],
    tables: [],
    plots: [],
    notes: [
      `${devices} devices refresh as soon as they have an answer. Auth-service signs in its thread pool, and shares the cores with Redis, Postgres and the generator; the bare signatures, 2048 bits, are made in turn with it, by CPU time.`,
    ],
    invalid: [],
  };
}

/** As many of our people as there are devices. They refresh at our auth-service. */
export function refreshingAtOurs({ world: { http, people }, redis }: Context): Contender<RefreshRound> {
  if (redis === undefined) throw new Error('This can be measured beside a system of our own only.');
  const own = people.slice(0, devices).map((person) => deviceOf(http.auth, person));
  return {
    name: 'Latchkey',
    rounds: [],
    play: (seconds) => refreshFor(seconds, { own, redis, cpuSeconds: () => cpuSecondsOf(http.auth) }),
  };
}

function deviceOf(auth: Http, person: Session): Device {
  return async () => {
    const status = await refresh(auth, person);
    if (status !== 200) throw new Error(`auth-service answered a refresh with ${status}.`);
  };
}

/** Each device refreshes again and again for this many seconds. */
export async function refreshFor(
  seconds: number,
  side: { readonly own: readonly Device[]; redis: Redis; cpuSeconds: () => Promise<number> },
): Promise<RefreshRound> {
  const look = async () => ({
    cpu: await side.cpuSeconds(),
    keys: await side.redis.dbsize(),
    commands: (await lookAtRedis(side.redis)).commands,
  });
  const before = await look();
  const beganAt = performance.now();
  const endAt = beganAt + seconds * 1000;
  let count = 0;
  const keepRefreshing = async (device: Device): Promise<void> => {
    while (performance.now() < endAt) {
      await device();
      count += 1;
    }
  };
  await Promise.all(side.own.map(keepRefreshing));
  const elapsedMs = performance.now() - beganAt;
  const after = await look();
  return {
    perSecond: (count * 1000) / elapsedMs,
    cpuMicroseconds: ((after.cpu - before.cpu) * 1e6) / count,
    redisCommands: (after.commands - before.commands) / count,
    keysLeft: (after.keys - before.keys) / count,
  };
}
