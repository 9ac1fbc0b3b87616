/** The rows of a table as lines, after a line with the column names. Each column is as wide as its widest cell. */
export function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((name, index) =>
    Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  return [columns, ...rows].map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
