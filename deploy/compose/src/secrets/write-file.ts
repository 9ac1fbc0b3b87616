import { readFileSync, renameSync, writeFileSync } from 'node:fs';

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Writes a file as a whole or not at all, whenever the process is killed. A file that says the same already is left
 * alone.
 *
 * @returns whether it wrote
 */
export function writeWhole(path: string, contents: string, mode: number): boolean {
  if (readIfThere(path) === contents) return false;
  writeFileSync(`${path}.new`, contents, { mode, flush: true });
  renameSync(`${path}.new`, path);
  return true;
}
