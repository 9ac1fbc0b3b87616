/** The outcome of one request of the generated load. */
export type Outcome = 'passed' | 'recovered' | 'failed';

/** One second of traffic. */
type Second = { readonly second: number; readonly requests: number; readonly errors: number };

export type LoadCount = {
  readonly requests: number;
  readonly recovered: number;
  readonly errors: number;
  /** The last minute, the oldest first, without seconds that have no requests. */
  readonly seconds: readonly Second[];
};

export const noLoad: LoadCount = { requests: 0, recovered: 0, errors: 0, seconds: [] };

/** The seconds that the chart shows. */
export const chartSeconds = 60;

/** Counts one more request, which ended at `atMs`. */
export function withOutcome(count: LoadCount, outcome: Outcome, atMs: number): LoadCount {
  const second = Math.floor(atMs / 1000);
  const error = outcome === 'failed' ? 1 : 0;
  const kept = count.seconds.filter((other) => other.second > second - chartSeconds);
  const here = kept.find((other) => other.second === second) ?? { second, requests: 0, errors: 0 };
  const counted = { second, requests: here.requests + 1, errors: here.errors + error };
  return {
    requests: count.requests + 1,
    recovered: count.recovered + (outcome === 'recovered' ? 1 : 0),
    errors: count.errors + error,
    seconds: [...kept.filter((other) => other.second !== second), counted],
  };
}

/** Columns for the chart: seconds before now (negative), requests, errors. A second without any counts as 0. */
export function chartColumns({ seconds }: LoadCount, nowMs: number): [number[], number[], number[]] {
  // Leaves out the current second: it is incomplete and would look like a drop.
  const last = Math.floor(nowMs / 1000) - 1;
  const ages = Array.from({ length: chartSeconds }, (_, index) => index - chartSeconds + 1);
  const at = (age: number) => seconds.find(({ second }) => second === last + age);
  return [ages, ages.map((age) => at(age)?.requests ?? 0), ages.map((age) => at(age)?.errors ?? 0)];
}
