import { expect, it } from 'vitest';
import { chanceOfSeparation, compareReports } from '../../src/report/compare.ts';
import { parseReport } from '../../src/report/saved.ts';
import type { Figure } from '../../src/section.ts';
import { sampleReport } from './sample.ts';

function differenceOf(unit: Figure['unit'], before: number[], after: number[]) {
  const report = (values: number[]) => sampleReport([{ name: 'figure', unit, values }]);
  return compareReports(report(before), report(after)).differences[0];
}

it.each([
  ['ms', [10, 11, 12, 12], [11.5, 13, 14, 14], 'within noise'],
  ['ms', [10, 11, 12, 12], [12, 13, 14, 14], 'within noise'],
  ['ms', [10, 11, 12, 12], [12.1, 13, 14, 14], 'worse'],
  ['ms', [10, 11, 12, 12], [7, 8, 9, 9], 'better'],
  ['1/s', [10, 11, 12, 12], [13, 14, 15, 15], 'better'],
  ['1/s', [10, 11, 12, 12], [7, 8, 9, 9], 'worse'],
  ['', [0.8, 0.81, 0.8, 0.8], [0.9, 0.91, 0.9, 0.9], 'different'],
  ['ms', [10], [20], 'too few rounds'],
  ['ms', [10, 11], [20, 21], 'too few rounds'],
  ['ms', [10, 11, 12, 13, 14], [20], 'too few rounds'],
  ['', [0], [0], 'within noise'],
] as const)('calls %s of %j and then %j %s', (unit, before, after, significance) => {
  expect(differenceOf(unit, [...before], [...after])?.significance).toBe(significance);
});

it('knows the probability that rounds lie apart by chance', () => {
  expect(chanceOfSeparation(1, 1)).toBe(1);
  expect(chanceOfSeparation(2, 2)).toBeCloseTo(1 / 3);
  expect(chanceOfSeparation(5, 5)).toBeCloseTo(1 / 126);
  expect(chanceOfSeparation(5, 1)).toBe(chanceOfSeparation(1, 5));
});

it('says by how much the median has changed, unless it was 0', () => {
  expect(differenceOf('ms', [10, 20, 30], [30, 30, 30])?.changePercent).toBe(50);
  expect(differenceOf('', [0], [4])).not.toHaveProperty('changePercent');
});

it('tells which figures only one of the runs has', () => {
  const figure = (name: string): Figure => ({ name, unit: 'ms', values: [1] });
  const { differences, onlyBefore, onlyAfter } = compareReports(
    sampleReport([figure('old'), figure('both')]),
    sampleReport([figure('both'), figure('new')]),
  );
  expect(differences.map(({ name }) => name)).toEqual(['both']);
  expect(onlyBefore).toEqual(['old']);
  expect(onlyAfter).toEqual(['new']);
});

it('warns of a run on another machine, and of one of another length', () => {
  const before = sampleReport([]);
  const provenance = { ...before.provenance, machine: 'Another CPU, 8 cores', quick: false };
  const { cautions } = compareReports(before, { ...before, provenance });
  expect(cautions).toHaveLength(2);
  expect(compareReports(before, before).cautions).toEqual([]);
});

it('reads a written report, even with a figure that could not be measured', () => {
  const written = sampleReport([{ name: 'figure', unit: 'ms', values: [Number.NaN] }]);
  const read = parseReport(JSON.stringify(written), 'saved.json');
  expect(read.provenance).toEqual(written.provenance);
  expect(compareReports(read, written).differences).toEqual([]);
});

it.each([
  ['{', 'saved.json is not JSON.'],
  ['null', 'saved.json is no report'],
  ['[]', 'saved.json is no report'],
  ['{"version":2,"provenance":{},"sections":[]}', 'saved.json is no report'],
  ['{"version":1,"provenance":{}}', 'saved.json is no report'],
])('refuses %s', (text, message) => {
  expect(() => parseReport(text, 'saved.json')).toThrow(message);
});
