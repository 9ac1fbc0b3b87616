import { medianOf, ratios } from '../report/statistics.ts';
import type { Context, Section, SectionResult } from '../section.ts';
import type { Http } from '../system/http.ts';
import { refresh, type Session } from '../system/people.ts';
import { cpuSecondsOf } from '../system/watch.ts';
import { type Device, type Repeated, repeatFor } from './repeat.ts';
import type { Contender } from './rounds.ts';
import { measureSigning } from './signing.ts';

const plans = {
  full: { rounds: 7, seconds: 4, warmUpSeconds: 4, signatures: 2000 },
  quick: { rounds: 2, seconds: 0.8, warmUpSeconds: 0.4, signatures: 200 },
};
/** This many refreshes are under way at any time. */
export const devices = 32;

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
export function refreshingAtOurs({ world: { http, people }, redis }: Context): Contender<Repeated> {
  if (redis === undefined) throw new Error('This can be measured beside a system of our own only.');
  const own = people.slice(0, devices).map((person) => deviceOf(http.auth, person));
  return {
    name: 'Latchkey',
    rounds: [],
    play: (seconds) => repeatFor(seconds, { own, redis, cpuSeconds: () => cpuSecondsOf(http.auth) }),
  };
}

function deviceOf(auth: Http, person: Session): Device {
  return async () => {
    const status = await refresh(auth, person);
    if (status !== 200) throw new Error(`auth-service answered a refresh with ${status}.`);
  };
}
