/**
 * Tries step after step, `together` at a time, until one is past the end. `atStep` says whether its step was there.
 * Returns how many steps there were.
 */
export async function atEveryStep(
  together: number,
  atStep: (steps: readonly number[]) => Promise<boolean[]>,
): Promise<number> {
  for (let first = 1; ; first += together) {
    const was = await atStep(Array.from({ length: together }, (_, index) => first + index));
    const end = was.indexOf(false);
    if (end !== -1) return first + end - 1;
  }
}
