import { statfsSync } from 'node:fs';

const shared = '/dev/shm';
const tmpfs = 0x0102_1994;
const enoughBytes = 2 ** 31;

/**
 * Puts temporary files into memory if the machine has some to spare and no other place is set: a test database alone is
 * three hundred files.
 */
export function keepTemporaryFilesInMemory(): void {
  if (process.platform !== 'linux' || process.env['TMPDIR'] !== undefined) return;
  try {
    const { type, bavail, bsize } = statfsSync(shared);
    if (type === tmpfs && bavail * bsize >= enoughBytes) process.env['TMPDIR'] = shared;
  } catch {
    // This machine has no such folder.
  }
}
