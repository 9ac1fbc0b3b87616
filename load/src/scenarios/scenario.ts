import type { Outcome } from '../generator/open-load.ts';
import type { Http, ServiceName } from '../system/http.ts';
import type { Session } from '../system/people.ts';

/** What a scenario plays in. */
export type World = {
  readonly http: Readonly<Record<ServiceName, Http>>;
  /** Signed in. Who needs a full cart, or an empty one, sees to it in `prepare`. */
  readonly people: readonly Session[];
};

/** Something that people do, again and again. */
export type Scenario = {
  readonly name: string;
  /** What a person does, in a sentence. */
  readonly story: string;
  /** How often it begins, per second, on a small machine. */
  readonly perSecond: number;
  /** Makes what the requests need, once, before anything is measured. */
  prepare?(world: World): Promise<void>;
  /** Does it once. Resolves to 'ok', or to what was wrong. */
  play(world: World, index: number): Promise<Outcome>;
};

/** 'ok' for this status, and any other by its number. */
export function expecting(expected: number, status: number): Outcome {
  return status === expected ? 'ok' : String(status);
}

/** Whose turn it is: everybody comes round before anybody comes again. */
export function personOf({ people }: World, index: number): Session {
  const person = people[index % people.length];
  if (person === undefined) throw new Error('There is nobody to play the scenario.');
  return person;
}
