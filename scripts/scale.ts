import { type ScaleTables, scaleTables } from '../load/src/scale/tables.ts';
import type { Table } from '../load/src/section.ts';

// The tables of docs/scale.md, which load/src/scale computes.

const placed = /(<!-- table: ([a-z-]+) -->\n)[\s\S]*?(<!-- \/table -->)/g;

/**
 * Returns the document with each `<!-- table: NAME -->` filled.
 *
 * @throws Error for a table that nothing computes, and for one that the document lacks
 */
export function withScaleTables(text: string): string {
  const tables: ScaleTables = scaleTables();
  const missing = new Set(Object.keys(tables));
  const filled = text.replaceAll(placed, (_, begin: string, name: string, end: string) => {
    if (!missing.delete(name))
      throw new Error(`docs/scale.md has the table "${name}" twice, or nothing computes it.`);
    return `${begin}\n${markdownOf(tables[name as keyof ScaleTables])}\n${end}`;
  });
  if (missing.size > 0) throw new Error(`docs/scale.md lacks a table: ${[...missing].join(', ')}.`);
  return filled;
}

function markdownOf({ columns, rows }: Table): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line), ''].join('\n');
}
