import type { Outcome } from '../generator/open-load.ts';
import type { Http, ServiceName } from '../system/http.ts';
import type { Session } from '../system/people.ts';

export type World = {
  readonly http: Readonly<Record<ServiceName, Http>>;
  /** Signed-in people. A scenario that needs full or empty carts sees to it in `prepare`. */
  readonly people: readonly Session[];
};

/** An action that people repeat. */
export type Scenario = {
  readonly name: string;
  /** What a person does, in a sentence. */
  readonly story: string;
  /** How often the action begins, per second, on a small machine. */
  readonly perSecond: number;
  /** Prepares the system for the requests. Called before each measurement. */
  prepare?(world: World): Promise<void>;
  /** Plays the action once. Resolves to 'ok', or to the name of a fault. */
  play(world: World, index: number): Promise<Outcome>;
};

/** 'ok' for the expected status, or else the status as text. */
export function expecting(expected: number, status: number): Outcome {
  return status === expected ? 'ok' : String(status);
}

/** The person whose turn it is. Every person has a turn before any person has another. */
export function personOf({ people }: World, index: number): Session {
  const person = people[index % people.length];
  if (person === undefined) throw new Error('There is nobody to play the scenario.');
  return person;
}
