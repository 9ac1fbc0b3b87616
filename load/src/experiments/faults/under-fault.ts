import { setTimeout as delay } from 'node:timers/promises';
import { evenArrivalsUntil } from '../../generator/arrivals.ts';
import { type LoadResult, runOpenLoad } from '../../generator/open-load.ts';
import type { Context } from '../../section.ts';
import { freshen, type Session } from '../../system/people.ts';
import type { Fault, Stage } from './faults.ts';
import { Oracle } from './oracle.ts';
import { Traffic } from './traffic.ts';

/** After a fault, subscribers find the feed again within 2 s. Without one, they get a revocation in milliseconds. */
export const boundMs = 2000;
/** Shorter than people wait, but longer than any answer takes that comes at all. */
const drainMs = 5000;
/** A service that starts takes the cores for a moment. Only verdicts and seconds count here, so a lag does no harm. */
const maxLagMs = 250;

export type FaultPlan = {
  readonly perSecond: number;
  readonly secondsBefore: number;
  /** How long a part that the fault stops stays away. */
  readonly secondsAway: number;
  /** How long traffic goes on after everything is back. By then, every revocation of the outage must be known. */
  readonly secondsAfterOutage: number;
  /** The same for a fault that stops nothing. */
  readonly secondsAfter: number;
  readonly signOutsPerSecond: number;
};

export type FaultRun = {
  readonly fault: Fault;
  readonly traffic: Traffic;
  readonly oracle: Oracle;
  readonly load: LoadResult;
  /** From the beginning of the fault until everything that it stopped is back. */
  readonly tookMs: number;
  readonly restoredAtMs: number;
};

type Cast = Omit<Stage, 'signOut' | 'askRevoked' | 'untilRefused' | 'signal' | 'awayMs'> & {
  readonly doomed: readonly Session[];
  readonly plan: FaultPlan;
};

/** Lets traffic flow, makes the fault happen, and lets traffic flow on until everything has had time to recover. */
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

/** Signs out one session after the other at this rate, until none is left or the run is over. */
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
