import { styleText } from 'node:util';

/** A claim of a step, and whether it held. */
export type Check = { readonly what: string; readonly held: boolean };

/**
 * Writes the demo's steps as plain lines, in colour on a terminal. It remembers each failed check: one failed check
 * fails the demo.
 */
export function createNarrator(write: (line: string) => void) {
  const checks: Check[] = [];
  let steps = 0;

  return {
    step(title: string): void {
      steps += 1;
      write('');
      write(styleText('bold', `${steps}. ${title}`));
    },
    say(text: string): void {
      write(`   ${text}`);
    },
    request(method: string, target: string): void {
      write(`   ${styleText('cyan', '→')} ${method} ${target}`);
    },
    answer(text: string): void {
      write(`   ${styleText('cyan', '←')} ${text}`);
    },
    /** States what must hold. `what` also says which check of the system decided. */
    check(what: string, held: boolean): void {
      checks.push({ what, held });
      write(held ? `   ${styleText('green', '✓')} ${what}` : `   ${styleText('red', '✗ NOT SO:')} ${what}`);
    },
    failures: (): readonly Check[] => checks.filter((check) => !check.held),
    summary(): string {
      const failed = checks.filter((check) => !check.held).length;
      return `${steps} steps, ${checks.length} checks, ${failed} failed`;
    },
  };
}

export type Narrator = ReturnType<typeof createNarrator>;
