import type { Redis } from 'ioredis';
import type { GeneratorHealth } from './generator/health.ts';
import type { World } from './scenarios/scenario.ts';
import type { SystemUnderLoad } from './system/system.ts';

/** A number that the run measures. */
export type Figure = {
  /** The same from run to run, because two runs are compared by it. */
  readonly name: string;
  /** The figure that it is a ratio to, or that it should be read beside. */
  readonly against?: string;
  readonly unit: '1/s' | 'ms' | '' | 'bytes' | 'MB' | 'CPU µs' | 'ops';
  /** One value for each round or each measured item. A single measurement has one. The figure is the median. */
  readonly values: readonly number[];
};

export type Table = {
  readonly title: string;
  readonly columns: readonly string[];
  /** Columns of numbers are aligned to the right. */
  readonly rows: readonly (readonly (string | number)[])[];
};

export type Axis = {
  /** With its unit. */
  readonly title: string;
  /** Points at or below 0 are left out. */
  readonly isLogarithmic?: boolean;
  /** From the highest to the lowest. */
  readonly isReversed?: boolean;
};

export type Plot = {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
};

export type SectionResult = {
  readonly figures: readonly Figure[];
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** Sentences that a reader needs in order to read the figures correctly. */
  readonly notes: readonly string[];
  /** Why the part says nothing about the system: the generator did not keep up. Empty when it did. */
  readonly invalid: readonly string[];
  /** The health of the generator during each measurement. */
  readonly health?: readonly { readonly during: string; readonly health: GeneratorHealth }[];
  /** What the services used: CPU, memory, event loop, Redis. The report shows these in a chapter of their own. */
  readonly resources?: readonly Table[];
  /** Sentences about how much one core does. */
  readonly sizing?: readonly string[];
};

export type Context = {
  readonly system: SystemUnderLoad;
  readonly world: World;
  /** Absent if the system is not ours. */
  readonly redis?: Redis;
  /** A run of about a minute and a half. It shows the shape of everything, with a wider spread. */
  readonly quick: boolean;
  readonly seed: number;
  /** Reports what is going on, and how it goes. */
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
};

/** One part of a run and of its report. */
export type Section = {
  readonly name: string;
  readonly title: string;
  /** About how long it takes. A quick run leaves out a part with `quick: 0`. */
  readonly seconds: { readonly full: number; readonly quick: number };
  /** Needs operations that only a system of our own allows: restarting, killing, looking inside. */
  readonly needsOwnSystem?: boolean;
  /** Runs only with this option, or if `--only` names it. */
  readonly option?: 'rivals';
  run(context: Context): Promise<SectionResult>;
};

const secondsToStart = 11;

/** About how long these parts take, including the start of the system and the sign-ins before them. */
export function secondsOf(
  sections: readonly Pick<Section, 'seconds'>[],
  length: keyof Section['seconds'],
): { readonly toStart: number; readonly total: number } {
  const total = sections.reduce((sum, { seconds }) => sum + seconds[length], secondsToStart);
  return { toStart: secondsToStart, total };
}
