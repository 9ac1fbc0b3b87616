import { styleText } from 'node:util';

/** One thing that a step promised, and whether it was so. */
export type Check = { readonly what: string; readonly held: boolean };

/**
 * Tells the demo on the terminal: plain lines that a person can follow, in colour where there is a terminal. Every
 * check that does not hold is remembered, and makes the demo fail.
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
    /** What happens, in words. */
    say(text: string): void {
      write(`   ${text}`);
    },
    request(method: string, target: string): void {
      write(`   ${styleText('cyan', '→')} ${method} ${target}`);
    },
    answer(text: string): void {
      write(`   ${styleText('cyan', '←')} ${text}`);
    },
    /** States what must be so. Which check in the system decided belongs in the words. */
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
