import { mulberry32 } from '../generator/arrivals.ts';
import type { Measured } from './assumptions.ts';
import { Delays } from './delays.ts';
import { logNormal } from './latency-model.ts';

/**
 * The simulated time is at most so many times the measured one, and at least this part of it. The 99th percentile is
 * wider: the model has no pauses of the garbage collector, and no code that is not compiled yet.
 */
export const margins = { p50: 1.2, p99: 2 } as const;

/**
 * Half of an answer: until a process that got something begins with it, and what it does. On the machine of the
 * measurement six processes share two cores, so most of it is waiting for a core.
 */
export function handOverOf({ answerMs }: Pick<Measured, 'answerMs'>): { p50: number; p99: number } {
  return { p50: answerMs.p50 / 2, p99: answerMs.p99 / 2 };
}

/**
 * Simulates what `npm run load -- --only revocation` measures: from the answer to a sign-out to the first 401, by a
 * client that asks one request after the other. Made of other figures: the signature, and the time of an answer.
 *
 * In auth-service the answer to the sign-out and the entry of the log begin at the same time. The entry goes to the
 * thread pool, is signed, and comes back (one hand-over); goes to the service (a second); and the request that finds it
 * there has to return (a third). The answer takes one hand-over.
 */
export function simulateOneRegion(
  measured: Measured,
  { seed, signOuts }: { seed: number; signOuts: number },
): Delays {
  const random = mulberry32(seed);
  const handOver = logNormal(handOverOf(measured), random);
  const delays = new Delays();
  for (let signOut = 0; signOut < signOuts; signOut += 1) {
    const answeredMs = handOver();
    const knownMs = measured.signatureMs + handOver() + handOver();
    // The client began to ask long before, so that the first request is anywhere in its course.
    let handledMs = -50 * measured.answerMs.p50 * (1 + random());
    while (handledMs < knownMs) handledMs += handOver() + handOver();
    delays.record(Math.max(0, handledMs + handOver() - answeredMs));
  }
  return delays;
}
