import { describe, expect, it } from 'vitest';
import { parseArguments, UsageError, usage } from '../src/arguments.ts';

const names = ['scenarios', 'faults', 'rivals'];
const parse = (...argv: string[]) => parseArguments(argv, names);

describe('the options', () => {
  it('default to a full run', () => {
    expect(parse()).toEqual({
      quick: false,
      help: false,
      rivals: false,
      only: [],
      out: 'load-report',
      compare: undefined,
      writeNumbers: false,
      seed: 1,
    });
  });

  it('take a name for the report with or without its ending', () => {
    expect(parse('--out', 'a.html').out).toBe('a');
    expect(parse('--out', 'a.json').out).toBe('a');
    expect(parse('--out', 'b/a').out).toBe('b/a');
  });

  it.each([
    [['--only', 'nothing'], 'There is no section "nothing": scenarios, faults, rivals.'],
    [['--seed', 'x'], '--seed takes a whole number.'],
    [['--seed', '-1'], ''],
    [['--quick', '--write-numbers'], '--write-numbers takes a full run'],
    [['--quik'], 'quik'],
    [['more'], 'more'],
  ])('refuse %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(UsageError);
    expect(() => parse(...argv)).toThrow(message);
  });

  it('are all explained', () => {
    const text = usage([
      { name: 'scenarios', seconds: { full: 300, quick: 61 } },
      { name: 'rivals', seconds: { full: 600, quick: 60 }, option: 'rivals' },
    ]);
    for (const option of ['quick', 'rivals', 'only', 'compare', 'out', 'write-numbers', 'seed', 'help'])
      expect(text).toContain(`--${option}`);
    expect(text).toContain('in about 75 s instead of 6 min\n');
    expect(text).toContain('scenarios, rivals\n');
  });
});
