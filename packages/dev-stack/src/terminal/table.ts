/**
 * Columns of equal width, the first row underlined.
 *
 * @example formatTable([['service', 'URL'], ['cart', 'http://localhost:4001']]);
 */
export function formatTable(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd();
  const [head = [], ...body] = rows.map(line);
  return [head, widths.map((width) => '─'.repeat(width)).join('───'), ...body]
    .map((text) => `  ${String(text)}`)
    .join('\n');
}
