import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Has every Node.js process that is started from now on load quick-start.mjs, and keep what it compiles in `directory`
 * for the others.
 */
export function startProcessesQuickly(directory: string): void {
  const script = pathToFileURL(join(import.meta.dirname, 'quick-start.mjs'));
  script.searchParams.set('cache', join(directory, 'compile-cache'));
  process.env['NODE_OPTIONS'] = [process.env['NODE_OPTIONS'], `--import=${script}`].filter(Boolean).join(' ');
}

const shared = '/dev/shm';
const tmpfs = 0x0102_1994;
const enoughBytes = 2 ** 31;

/**
 * Puts temporary files into memory where the machine has some to spare and nobody named a place: a test database alone
 * is three hundred files.
 */
export function keepTemporaryFilesInMemory(): void {
  if (process.platform !== 'linux' || process.env['TMPDIR'] !== undefined) return;
  try {
    const { type, bavail, bsize } = statfsSync(shared);
    if (type === tmpfs && bavail * bsize >= enoughBytes) process.env['TMPDIR'] = shared;
  } catch {
    // No such place.
  }
}
