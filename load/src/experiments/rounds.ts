import type { Plot } from '../section.ts';

/** A candidate that is measured round by round. */
export type Contender<R> = { readonly name: string; readonly rounds: R[]; play(seconds: number): Promise<R> };

export type RoundPlan = { readonly rounds: number; readonly seconds: number; readonly warmUpSeconds: number };

/**
 * Lets each contender play once to warm up, and then once in each round. Every other round runs in reverse order, so
 * that none always follows the same one. A disturbance that is longer than a round affects all alike.
 */
export async function playRounds<R>(
  contenders: readonly Contender<R>[],
  plan: RoundPlan,
  { tell, signal }: { tell: (text: string) => void; signal: AbortSignal },
): Promise<void> {
  for (const { name, play } of contenders) {
    signal.throwIfAborted();
    tell(`warming up, ${name}`);
    await play(plan.warmUpSeconds);
  }
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const { name, play, rounds } of round % 2 === 0 ? contenders.toReversed() : contenders) {
      signal.throwIfAborted();
      tell(`round ${round} of ${plan.rounds}, ${name}`);
      rounds.push(await play(plan.seconds));
    }
  }
}

/** Plots each contender's rounds, which shows the spread. */
export function plotRounds<R>(
  contenders: readonly Contender<R>[],
  { title, y, of }: { title: string; y: string; of: (round: R) => number },
): Plot {
  return {
    title,
    x: { title: 'round' },
    y: { title: y },
    series: contenders.map(({ name, rounds }) => ({
      name,
      points: rounds.map((round, index) => [index + 1, of(round)] as const),
    })),
  };
}
