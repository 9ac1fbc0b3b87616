import type { Repeated } from '../experiments/repeat.ts';
import { type Contender, plotRounds } from '../experiments/rounds.ts';
import { medianOf, ratios, spreadOf } from '../report/statistics.ts';
import type { SectionResult } from '../section.ts';

/** Describes rounds of ours and of node-oidc-provider, in this order, that did the same. */
export function besideRival(
  contenders: readonly Contender<Repeated>[],
  { one, many, title }: { readonly one: string; readonly many: string; readonly title: string },
): Pick<SectionResult, 'figures' | 'tables' | 'plots'> {
  const values = (each: Contender<Repeated> | undefined, of: keyof Repeated) =>
    (each?.rounds ?? []).map((round) => round[of]);
  const [ours, theirs] = contenders;
  return {
    figures: [
      ...contenders.flatMap((each) => [
        { name: `${many}/s: ${each.name}`, unit: '1/s' as const, values: values(each, 'perSecond') },
        {
          name: `CPU of a ${one}: ${each.name}`,
          unit: 'CPU µs' as const,
          values: values(each, 'cpuMicroseconds'),
        },
      ]),
      {
        name: `${many}/s, ours against node-oidc-provider`,
        against: 'node-oidc-provider',
        unit: '',
        values: ratios(values(ours, 'perSecond'), values(theirs, 'perSecond')),
      },
      {
        name: `${many} for the same CPU, ours against node-oidc-provider`,
        against: 'node-oidc-provider',
        unit: '',
        values: ratios(values(theirs, 'cpuMicroseconds'), values(ours, 'cpuMicroseconds')),
      },
    ],
    tables: [
      {
        title,
        columns: [
          'who',
          `${many}/s`,
          'lowest',
          'highest',
          'CPU µs each',
          'Redis commands each',
          'keys left by each',
        ],
        rows: contenders.map((each) => {
          const { median, min, max } = spreadOf(values(each, 'perSecond'));
          const others = (['cpuMicroseconds', 'redisCommands', 'keysLeft'] as const).map((of) =>
            medianOf(values(each, of)),
          );
          return [each.name, median, min, max, ...others];
        }),
      },
    ],
    plots: [plotRounds(contenders, { title, y: `${many}/s`, of: ({ perSecond }) => perSecond })],
  };
}
