import { setTimeout as delay } from 'node:timers/promises';
import { evenArrivalsUntil } from '../../generator/arrivals.ts';
import { type LoadResult, runOpenLoad } from '../../generator/open-load.ts';
import type { Context } from '../../section.ts';
import { freshen, type Session } from '../../system/people.ts';
import type { Fault, Stage } from './faults.ts';
import { Oracle } from './oracle.ts';
import { Traffic } from './traffic.ts';

/** Whoever subscribes to what is revoked finds the feed again within 2 s; without a fault they hear of it in milliseconds. */
export const boundMs = 2000;
/** Shorter than people wait, longer than any answer that comes at all. */
const drainMs = 5000;
/** What starts again takes the cores for a moment. Here are counted verdicts, and seconds. */
const maxLagMs = 250;

export type FaultPlan = {
  readonly perSecond: number;
  readonly secondsBefore: number;
  /** How long what is taken away stays away. */
  readonly secondsAway: number;
  /** From when everything was back: what was revoked meanwhile must be refused by then. */
  readonly secondsAfterOutage: number;
  /** The same where nothing was away. */
  readonly secondsAfter: number;
  readonly signOutsPerSecond: number;
};

/** What came of one fault. */
export type FaultRun = {
  readonly fault: Fault;
  readonly traffic: Traffic;
  readonly oracle: Oracle;
  readonly load: LoadResult;
  /** From the first thing done to what it took away being back. */
  readonly tookMs: number;
  readonly restoredAtMs: number;
};

type Cast = Omit<Stage, 'signOut' | 'askRevoked' | 'untilRefused' | 'signal' | 'awayMs'> & {
  readonly doomed: readonly Session[];
  readonly plan: FaultPlan;
};

/** Lets traffic flow, makes the fault, and lets it flow on until everything has had the time to recover. */
export async function playFault(fault: Fault, cast: Cast, context: Context): Promise<FaultRun> {
  const { world, signal, tell } = context;
  const { plan, doomed, crowd } = cast;
  await freshen(world.http.auth, [...world.people, ...doomed, ...crowd]);
  const oracle = new Oracle({ boundMs });
  const traffic = new Traffic({ world, oracle, beganAtMs: performance.now() });
  const pause = (seconds: number) => delay(seconds * 1000, undefined, { signal });
  let isOver = false;
  const loading = runOpenLoad(traffic.send, {
    arrivals: evenArrivalsUntil(plan.perSecond, () => isOver),
    drainMs,
    maxLagMs,
    onSecond: ({ completed, faults }) => tell(`${fault.name}: ${completed}/s, ${faults} not served`),
    signal,
  });
  const signingOut = keepSigningOut(doomed, {
    everyMs: 1000 / plan.signOutsPerSecond,
    signOut: (session) => traffic.signOut(session),
    isOver: () => isOver,
  });
  try {
    await pause(plan.secondsBefore);
    const beganAtMs = performance.now();
    if (fault.away !== undefined) oracle.outageBegan(beganAtMs, fault.away);
    await fault.inject({
      ...cast,
      awayMs: plan.secondsAway * 1000,
      signal,
      signOut: (session) => traffic.signOut(session),
      askRevoked: (service) => traffic.askRevoked(service),
      untilRefused: (service) => traffic.untilRefused(service, signal),
    });
    const restoredAtMs = performance.now();
    if (fault.away !== undefined) oracle.outageEnded(restoredAtMs);
    await pause(fault.away === undefined ? plan.secondsAfter : plan.secondsAfterOutage);
    isOver = true;
    const load = await loading;
    await traffic.askForAllRevoked();
    return { fault, traffic, oracle, load, tookMs: restoredAtMs - beganAtMs, restoredAtMs };
  } finally {
    isOver = true;
    await Promise.allSettled([loading, signingOut]);
  }
}

/** One after the other, at this rate, while there are any. */
async function keepSigningOut(
  sessions: readonly Session[],
  options: { everyMs: number; signOut: (session: Session) => Promise<void>; isOver: () => boolean },
): Promise<void> {
  const { everyMs, signOut, isOver } = options;
  for (const session of sessions) {
    if (isOver()) return;
    await Promise.all([signOut(session), delay(everyMs)]);
  }
}
