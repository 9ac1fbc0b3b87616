import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DevStackError } from '../errors.ts';
import { identityOf } from '../processes/identity.ts';

/**
 * Locks `directory` for one stack at a time. A lock whose owner has died is taken over.
 *
 * @returns a function that releases the lock
 * @throws DevStackError when another live process holds it
 */
export function lockDirectory(directory: string): () => void {
  const file = join(directory, 'stack.lock');
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, `${process.pid} ${identityOf(process.pid) ?? ''}\n`, { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt >= 3) throw error;
      const holder = lockHolder(directory);
      if (holder !== undefined) {
        throw new DevStackError(
          `Latchkey already runs from ${directory} (process ${holder}): stop that one first.`,
        );
      }
      rmSync(file, { force: true });
    }
  }
}

/** The live process that holds the lock, if any. */
export function lockHolder(directory: string): number | undefined {
  try {
    const [pid = '', ...identity] = readFileSync(join(directory, 'stack.lock'), 'utf8').trim().split(' ');
    return identityOf(Number(pid)) === identity.join(' ') ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}
