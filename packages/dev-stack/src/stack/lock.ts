import { readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DevStackError } from '../errors.ts';
import { identityOf } from '../processes/identity.ts';

// Two containers, or one and its host, may share the folder, but cannot see each other's processes. So the holder
// touches its lock, and whoever cannot see it takes the lock over only after that has stopped.
const touchEveryMs = 2_000;
const silentMs = 20_000;

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
      const holder = `${process.pid} ${identityOf(process.pid) ?? ''}\n${machine()}\n`;
      writeFileSync(file, holder, { flag: 'wx' });
      const touching = setInterval(() => touch(file), touchEveryMs).unref();
      return () => {
        clearInterval(touching);
        rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt >= 3) throw error;
      const holder = lockHolder(directory);
      if (holder !== undefined)
        throw new DevStackError(`Latchkey already runs from ${directory} (${holder}): stop that one first.`);
      rmSync(file, { force: true });
    }
  }
}

/** Who holds the lock, in words; undefined if nobody does. */
export function lockHolder(directory: string): string | undefined {
  const file = join(directory, 'stack.lock');
  try {
    const [holder = '', where = ''] = readFileSync(file, 'utf8').split('\n');
    const [pid = '', ...identity] = holder.split(' ');
    if (where === '' || where === machine())
      return identityOf(Number(pid)) === identity.join(' ') ? `process ${pid}` : undefined;
    return Date.now() - statSync(file).mtimeMs < silentMs
      ? `process ${pid} of another machine or container`
      : undefined;
  } catch {
    return undefined;
  }
}

/** Processes of the same machine, and of the same container on it, see each other. */
function machine(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Only Linux has several on one machine.
  }
  return `${hostname()} ${namespace}`;
}

function touch(file: string): void {
  const now = new Date();
  try {
    utimesSync(file, now, now);
  } catch {
    // It is gone with its folder.
  }
}
