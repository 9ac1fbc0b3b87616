/**
 * The number that the pattern's first group finds: in metrics, in what Redis says of itself.
 *
 * @throws Error when it is not there: a figure must not be made of nothing
 */
export function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`There is no ${pattern.source} in what was answered.`);
  return Number(found);
}
