/** Lines of columns as wide as their widest cell, the names of the columns first. */
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
