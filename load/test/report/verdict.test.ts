import { describe, expect, it } from 'vitest';
import { judge, unjudged, verdictOf } from '../../src/report/report.ts';
import { renderText } from '../../src/report/text.ts';
import type { Figure } from '../../src/section.ts';
import { thresholds } from '../../src/thresholds.ts';
import { sampleReport } from './sample.ts';

const browseP99 = (...values: number[]): Figure => ({ name: 'browse p99', unit: 'ms', values });

describe('the verdict', () => {
  it('passes a run that meets its thresholds, the bound itself included', () => {
    expect(verdictOf(sampleReport([browseP99(50)]))).toBe('PASSED');
  });

  it('judges the median of the rounds', () => {
    expect(verdictOf(sampleReport([browseP99(10, 20, 900)]))).toBe('PASSED');
    expect(verdictOf(sampleReport([browseP99(10, 51, 900)]))).toBe('MISSED');
  });

  it('does not pass a figure that could not be measured', () => {
    expect(verdictOf(sampleReport([browseP99(Number.NaN)]))).toBe('MISSED');
    expect(verdictOf(sampleReport([browseP99()]))).toBe('MISSED');
  });

  it('is INVALID when the generator did not keep up, whatever the figures', () => {
    expect(verdictOf(sampleReport([browseP99(1)], { invalid: ['browse: late'] }))).toBe('INVALID');
  });

  it('is FAILED when a part failed', () => {
    expect(verdictOf(sampleReport([], { failure: 'Error', invalid: ['late'] }))).toBe('FAILED');
  });

  it('does not judge a ratio by fewer rounds than its threshold asks for', () => {
    const name = 'refreshes/s, ours against node-oidc-provider';
    const ratio = (...values: number[]) => sampleReport([{ name, unit: '', values }]);
    expect(verdictOf(ratio(0.9, 0.9))).toBe('PASSED');
    expect(unjudged(ratio(0.9, 0.9))).toContain(name);
    expect(verdictOf(ratio(0.9, 0.9, 0.9, 0.9, 0.9))).toBe('MISSED');
  });

  it('judges every value where a threshold asks for that', () => {
    const bytes = (...values: number[]): Figure => ({
      name: 'bytes of a session in Redis, after 10,000 rotations',
      unit: 'bytes',
      values,
    });
    expect(verdictOf(sampleReport([bytes(350, 350, 400)]))).toBe('PASSED');
    expect(verdictOf(sampleReport([bytes(350, 350, 401)]))).toBe('MISSED');
    expect(renderText(sampleReport([bytes(350, 401)]))).toMatch(/401 bytes +each ≤ 400 +MISSED/);
  });

  it('knows which thresholds had nothing to judge', () => {
    expect(unjudged(sampleReport([browseP99(1)]))).not.toContain('browse p99');
    expect(unjudged(sampleReport([]))).toEqual(Object.keys(thresholds));
    expect(judge(sampleReport([{ name: 'without a threshold', unit: '', values: [1] }]))).toEqual([]);
  });
});

describe('the summary', () => {
  it('ends with thresholds, provenance and verdict', () => {
    const lines = renderText(sampleReport([browseP99(60)]))
      .trimEnd()
      .split('\n');
    expect(lines.at(-1)).toMatch(/^MISSED: /);
    expect(lines.at(-2)).toMatch(/^1 thresholds judged; \d+ had no figure/);
    expect(lines.at(-3)).toContain('npm run load -- --quick');
    expect(lines).toContain('1 core of auth-service per 1,000 refreshes/s');
    expect(lines.some((line) => /^browse p99 +60 ms +≤ 50 +MISSED$/.test(line))).toBe(true);
  });

  it('aligns its columns', () => {
    const text = renderText(sampleReport([]));
    expect(text).toContain('scenario    p50  p99\nbrowse    1,235    –\n');
  });
});
