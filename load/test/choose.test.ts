import { describe, expect, it } from 'vitest';
import { parseArguments } from '../src/arguments.ts';
import { chooseSections } from '../src/choose.ts';
import type { Section } from '../src/section.ts';

const section = (name: string, rest: Partial<Section> = {}): Section => ({
  name,
  title: name,
  seconds: { full: 60, quick: 5 },
  run: () => Promise.reject(new Error('not here')),
  ...rest,
});
const sections = [
  section('short'),
  section('long', { seconds: { full: 600, quick: 0 } }),
  section('inside', { needsOwnSystem: true }),
  section('others', { option: 'rivals' }),
];

function chosenBy(argv: readonly string[], isOwnSystem = true): string[] {
  const args = parseArguments(
    argv,
    sections.map(({ name }) => name),
  );
  const { chosen, skipped } = chooseSections(sections, { args, isOwnSystem });
  expect(chosen.length + skipped.length).toBe(sections.length);
  return chosen.map(({ name }) => name);
}

describe('the parts of a run', () => {
  it('are all except those that need an option', () => {
    expect(chosenBy([])).toEqual(['short', 'long', 'inside']);
    expect(chosenBy(['--rivals'])).toEqual(['short', 'long', 'inside', 'others']);
  });

  it('are only the short ones in a quick run', () => {
    expect(chosenBy(['--quick'])).toEqual(['short', 'inside']);
  });

  it('are those that --only names, whatever the other options are', () => {
    expect(chosenBy(['--only', 'others'])).toEqual(['others']);
    expect(chosenBy(['--quick', '--only', 'long', '--only', 'short'])).toEqual(['short', 'long']);
  });

  it('do not look into a system that is not ours', () => {
    expect(chosenBy([], false)).toEqual(['short', 'long']);
    expect(chosenBy(['--only', 'inside'], false)).toEqual([]);
  });
});
