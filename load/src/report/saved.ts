import { readFileSync } from 'node:fs';
import { UsageError } from '../arguments.ts';
import type { Report } from './report.ts';

/**
 * Reads the report of an earlier run. Checks its version, and that the parts exist that are read; not their content.
 *
 * @throws UsageError that says what is wrong with the file
 */
export function readReport(file: string): Report {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`${file} cannot be read.`);
  }
  return parseReport(text, file);
}

/** @throws UsageError that names the file and says what is wrong with it */
export function parseReport(text: string, file: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`${file} is not JSON.`);
  }
  if (!isReport(value)) throw new UsageError(`${file} is no report of this version of the load tests.`);
  return value;
}

function isReport(value: unknown): value is Report {
  if (typeof value !== 'object' || value === null) return false;
  const { version, provenance, sections } = value as Partial<Record<keyof Report, unknown>>;
  return version === 1 && typeof provenance === 'object' && provenance !== null && Array.isArray(sections);
}
