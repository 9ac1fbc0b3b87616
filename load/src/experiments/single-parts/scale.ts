import { ratiosOfCheck, scaleTables } from '../../scale/tables.ts';
import type { Context, SectionResult } from '../../section.ts';

const seeds = 3;

/** Simulates what docs/scale.md says, and holds the model to what was measured in one region. */
export async function simulateScale({ seed, tell }: Pick<Context, 'seed' | 'tell'>): Promise<SectionResult> {
  tell('simulating the feed');
  const { assumptions: _, ...tables } = scaleTables(seed);
  const ratios = Array.from({ length: seeds }, (_, index) => ratiosOfCheck(seed + index));
  return {
    figures: (['p50', 'p99'] as const).map((percentile) => ({
      name: `simulated to measured revocation, ${percentile}`,
      unit: '',
      values: ratios.map((ratio) => Math.max(ratio[percentile], 1 / ratio[percentile])),
    })),
    tables: Object.values(tables),
    plots: [],
    notes: [
      'Nothing is measured here: docs/scale.md says what the model is made of, and what it leaves out.',
      'The check compares it with the revocations of docs/performance.md, beside others. The larger is divided by the smaller.',
    ],
    invalid: [],
  };
}
