import { expect, it } from 'vitest';
import { type Contender, playRounds, plotRounds } from '../../src/experiments/rounds.ts';

const quiet = { tell: () => {}, signal: new AbortController().signal };

function contenders(played: string[]): Contender<number>[] {
  return ['a', 'b', 'c'].map((name) => ({
    name,
    rounds: [],
    async play(seconds) {
      played.push(`${name}${seconds}`);
      return played.length;
    },
  }));
}

it('reverses the order in every other round, after a round that does not count', async () => {
  const played: string[] = [];
  const all = contenders(played);
  await playRounds(all, { rounds: 3, seconds: 2, warmUpSeconds: 1 }, quiet);
  expect(played.join(' ')).toBe('a1 b1 c1 a2 b2 c2 c2 b2 a2 a2 b2 c2');
  expect(all.map(({ rounds }) => rounds)).toEqual([
    [4, 9, 10],
    [5, 8, 11],
    [6, 7, 12],
  ]);
});

it('stops when it is told to', async () => {
  const played: string[] = [];
  const run = playRounds(
    contenders(played),
    { rounds: 3, seconds: 2, warmUpSeconds: 1 },
    {
      tell: () => {},
      signal: AbortSignal.abort(new Error('stopped')),
    },
  );
  await expect(run).rejects.toThrow('stopped');
  expect(played).toEqual([]);
});

it('plots each round of each contender', () => {
  const { series } = plotRounds([{ name: 'a', rounds: [5, 6], play: async () => 0 }], {
    title: 't',
    y: 'y',
    of: (round) => round * 10,
  });
  expect(series).toEqual([
    {
      name: 'a',
      points: [
        [1, 50],
        [2, 60],
      ],
    },
  ]);
});
