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
 * Writes a file as a whole or not at all, even if the process is killed. Leaves a file alone that already has these
 * contents.
 *
 * @returns whether it wrote
 */
export function writeWhole(path: string, contents: string, mode: number): boolean {
  if (readIfThere(path) === contents) return false;
  writeFileSync(`${path}.new`, contents, { mode, flush: true });
  renameSync(`${path}.new`, path);
  return true;
}
