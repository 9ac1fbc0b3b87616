/**
 * Returns the values of a header, one for each line in which it came. Node.js keeps only the first line of some
 * headers, such as Authorization, while a proxy before us may have decided by another one.
 *
 * Does not split a line at commas. `rawHeaders` are alternating names and values, as in node:http.
 *
 * @example headerValues(request.raw.rawHeaders, 'authorization'); // ['Basic …']
 */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
