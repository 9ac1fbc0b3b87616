import type { Redis } from 'ioredis';
import type { GeneratorHealth } from './generator/health.ts';
import type { World } from './scenarios/scenario.ts';
import type { SystemUnderLoad } from './system/system.ts';

/** A number that the run is about. */
export type Figure = {
  /** The same from run to run: two runs are compared by it. */
  readonly name: string;
  /** What it is a ratio to, or is to be seen beside. */
  readonly against?: string;
  readonly unit: '1/s' | 'ms' | '' | 'bytes' | 'MB' | 'CPU µs' | 'ops';
  /** One value for each round, or each thing measured; of a single measurement, one. The median is the figure. */
  readonly values: readonly number[];
};

export type Table = {
  readonly title: string;
  readonly columns: readonly string[];
  /** Numbers are set to the right. */
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

/** What one part of a run brought. */
export type SectionResult = {
  readonly figures: readonly Figure[];
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** What a reader must know to read the figures right: sentences. */
  readonly notes: readonly string[];
  /** Why the part says nothing about the system: the generator did not keep up. None when it does. */
  readonly invalid: readonly string[];
  /** How the generator fared while each thing was measured. */
  readonly health?: readonly { readonly during: string; readonly health: GeneratorHealth }[];
  /** What the services used: CPU, memory, event loop, Redis. The report has a chapter of its own for these. */
  readonly resources?: readonly Table[];
  /** How much one core does: sentences. */
  readonly sizing?: readonly string[];
};

export type Context = {
  readonly system: SystemUnderLoad;
  readonly world: World;
  /** Absent where the system is not ours. */
  readonly redis?: Redis;
  /** The shape of everything in a minute and a half, with a wider spread. */
  readonly quick: boolean;
  readonly seed: number;
  /** Says what goes on now, and how it goes. */
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
};

/** One part of a run, and one of its report. */
export type Section = {
  readonly name: string;
  readonly title: string;
  /** About how long it takes. */
  readonly seconds: { readonly full: number; readonly quick: number };
  /** Needs what only a system of our own allows: to restart, to kill, to look inside. */
  readonly needsOwnSystem?: boolean;
  /** Only when it is asked for by this option. */
  readonly option?: 'rivals';
  run(context: Context): Promise<SectionResult>;
};

const secondsToStart = 11;

/** About how long these take, and what comes before them: the system is started, people are signed in. */
export function secondsOf(
  sections: readonly Pick<Section, 'seconds'>[],
  length: keyof Section['seconds'],
): { readonly toStart: number; readonly total: number } {
  const total = sections.reduce((sum, { seconds }) => sum + seconds[length], secondsToStart);
  return { toStart: secondsToStart, total };
}
