import type { Operator } from './operator.ts';

export type Context = {
  readonly operator: Operator;
  readonly print: (line: string) => void;
  /** Aborted when the operator presses Ctrl-C, or on SIGTERM. */
  readonly signal: AbortSignal;
};

/** One action that an operator can take. */
export type Command = {
  /** The command as the operator types it, with its parameters: `<required>`, `[optional]`. */
  readonly usage: string;
  readonly summary: string;
  run(args: readonly string[], context: Context): Promise<void>;
};

/** The words of a command, without its parameters. */
export function wordsOf({ usage }: Command): string[] {
  return usage.split(' ').filter((word) => !/^[<[]/.test(word));
}

/** The least and the most parameters that a command takes. */
export function parameterCounts({ usage }: Command): { least: number; most: number } {
  const required = usage.split(' ').filter((word) => word.startsWith('<')).length;
  const optional = usage.split(' ').filter((word) => word.startsWith('[')).length;
  return { least: required, most: required + optional };
}
