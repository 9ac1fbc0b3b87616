/**
 * The number that the pattern's first group matches, in metrics or in the INFO of Redis.
 *
 * @throws Error when there is none, because a figure must not be invented
 */
export function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`There is no ${pattern.source} in what was answered.`);
  return Number(found);
}
