import type { Outcome } from '../generator/open-load.ts';
import type { Session } from '../system/people.ts';

const last = new WeakMap<Session, Promise<unknown>>();

/**
 * Runs the work of each person in sequence. A device has one refresh token: two refreshes that overtake each other look
 * like a theft, and end the session. Nobody checks out twice at once either. Time spent waiting counts in the
 * measurement, so a system that falls behind is not spared.
 */
export function inTurn(person: Session, work: () => Promise<Outcome>): Promise<Outcome> {
  const before = last.get(person) ?? Promise.resolve();
  const now = before.then(work, work);
  last.set(person, now);
  return now;
}
