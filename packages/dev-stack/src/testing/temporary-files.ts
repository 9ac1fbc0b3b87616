import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const shared = '/dev/shm';
const tmpfs = 0x0102_1994;
const enoughBytes = 2 ** 31;

/**
 * Puts temporary files into memory if the machine has some to spare and no other place is set: a test database alone is
 * three hundred files. Tests also run programs there, which a container may forbid (mount option noexec).
 */
export function keepTemporaryFilesInMemory(env: NodeJS.ProcessEnv, folder = shared): void {
  if (process.platform !== 'linux' || env['TMPDIR'] !== undefined) return;
  try {
    const { type, bavail, bsize } = statfsSync(folder);
    if (type === tmpfs && bavail * bsize >= enoughBytes && runsPrograms(folder)) env['TMPDIR'] = folder;
  } catch {
    // This machine has no such folder, or it is not for this user.
  }
}

function runsPrograms(folder: string): boolean {
  const own = mkdtempSync(join(folder, 'latchkey-trial-'));
  try {
    const program = join(own, 'program');
    writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    return spawnSync(program).status === 0;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
