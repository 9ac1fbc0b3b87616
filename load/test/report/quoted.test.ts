import { expect, it } from 'vitest';
import { type QuotedFigure, requote } from '../../src/report/quoted.ts';
import { sampleReport } from './sample.ts';

const before: QuotedFigure = {
  unit: 'ms',
  rounds: 1,
  median: 9,
  least: null,
  most: null,
  machine: 'another',
  commit: 'abcdef0',
  command: 'npm run load',
};
const quoted = { Scenarios: { 'browse p99': before, 'browse p50': before } };
const figure = { name: 'browse p99', against: 'a wall', unit: 'ms', values: [14, 12, 13] } as const;

it('takes a figure over with its spread, and with the conditions that it depends on', () => {
  const { Scenarios } = requote(quoted, sampleReport([figure, { ...figure, name: 'not quoted' }]));
  expect(Scenarios).toEqual({
    'browse p99': {
      unit: 'ms',
      against: 'a wall',
      rounds: 3,
      median: 13,
      least: 12,
      most: 14,
      machine: 'Some CPU, 2 cores, 8 GiB, linux x64',
      commit: '0123456789ab',
      command: 'npm run load -- --quick',
    },
    'browse p50': before,
  });
});

it('keeps a figure that the run could not measure, or whose generator did not keep up', () => {
  expect(requote(quoted, sampleReport([{ ...figure, values: [Number.NaN] }]))).toEqual(quoted);
  expect(requote(quoted, sampleReport([figure], { invalid: ['late'] }))).toEqual(quoted);
});
