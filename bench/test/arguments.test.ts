import { describe, expect, it } from 'vitest';
import { parseArguments, UsageError } from '../src/arguments.ts';

const benchmarks = ['protected-route', 'session-bytes'];

describe('parseArguments', () => {
  it('runs everything in full when nothing is said', () => {
    expect(parseArguments([], benchmarks)).toEqual({
      quick: false,
      help: false,
      jsonFile: undefined,
      only: [],
    });
  });

  it('reads every option', () => {
    const args = ['--quick', '--json', 'out.json', '--only', 'session-bytes', '--only=protected-route'];
    expect(parseArguments(args, benchmarks)).toEqual({
      quick: true,
      help: false,
      jsonFile: 'out.json',
      only: ['session-bytes', 'protected-route'],
    });
  });

  it.each([
    { args: ['--fast'], names: '--fast' },
    { args: ['quick'], names: 'quick' },
    { args: ['--json'], names: '--json' },
    { args: ['--json='], names: '--json' },
    { args: ['--only', 'speed'], names: 'protected-route, session-bytes' },
  ])('refuses $args, and names what is wrong or right', ({ args, names }) => {
    expect(() => parseArguments(args, benchmarks)).toThrow(UsageError);
    expect(() => parseArguments(args, benchmarks)).toThrow(names);
  });
});
