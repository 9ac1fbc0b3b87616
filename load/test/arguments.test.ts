import { describe, expect, it } from 'vitest';
import { parseArguments, UsageError, usage } from '../src/arguments.ts';
import { chooseSections } from '../src/choose.ts';
import type { Section, SectionResult } from '../src/section.ts';

const names = ['scenarios', 'faults', 'rivals'];
const parse = (...argv: string[]) => parseArguments(argv, names);

describe('the options', () => {
  it('are for a full run without any', () => {
    expect(parse()).toEqual({
      quick: false,
      help: false,
      rivals: false,
      only: [],
      out: 'load-report',
      compare: undefined,
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
    [['--quik'], 'quik'],
    [['more'], 'more'],
  ])('refuse %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(UsageError);
    expect(() => parse(...argv)).toThrow(message);
  });

  it('are all explained', () => {
    for (const option of ['quick', 'rivals', 'only', 'compare', 'out', 'seed', 'help'])
      expect(usage(names)).toContain(`--${option}`);
  });
});

describe('what runs', () => {
  const section = (name: string, more: Partial<Section> = {}): Section => ({
    name,
    title: name,
    seconds: { full: 1, quick: 1 },
    run: async (): Promise<SectionResult> => ({ figures: [], tables: [], plots: [], notes: [], invalid: [] }),
    ...more,
  });
  const sections = [
    section('scenarios'),
    section('faults', { needsOwnSystem: true }),
    section('rivals', { option: 'rivals' }),
  ];
  const choose = (argv: string[], isOwnSystem = true) => {
    const { chosen, skipped } = chooseSections(sections, { args: parse(...argv), isOwnSystem });
    return { chosen: chosen.map(({ name }) => name), skipped };
  };

  it('is everything but what wants an option', () => {
    expect(choose([])).toEqual({
      chosen: ['scenarios', 'faults'],
      skipped: [{ title: 'rivals', reason: 'only with --rivals' }],
    });
    expect(choose(['--rivals']).chosen).toEqual(['scenarios', 'faults', 'rivals']);
  });

  it('is what was named, with or without its option', () => {
    expect(choose(['--only', 'rivals']).chosen).toEqual(['rivals']);
  });

  it('leaves out what a system of somebody else must not suffer', () => {
    const { chosen, skipped } = choose(['--only', 'faults'], false);
    expect(chosen).toEqual([]);
    expect(skipped).toContainEqual({ title: 'faults', reason: 'needs a system of the run’s own' });
  });
});
