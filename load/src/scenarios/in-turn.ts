import type { Outcome } from '../generator/open-load.ts';
import type { Session } from '../system/people.ts';

const last = new WeakMap<Session, Promise<unknown>>();

/**
 * Does one thing after the other for each person. A device has one refresh token: two refreshes that overtake each other
 * look like a theft, and end its session. Nobody checks out twice at once. Who has to wait waits as long as the
 * measurement counts, so a system that falls behind is not spared.
 */
export function inTurn(person: Session, work: () => Promise<Outcome>): Promise<Outcome> {
  const before = last.get(person) ?? Promise.resolve();
  const now = before.then(work, work);
  last.set(person, now);
  return now;
}
