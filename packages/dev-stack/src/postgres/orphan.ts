import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevStackError } from '../errors.ts';

/**
 * Stops a Postgres that an earlier run, killed before it could clean up, left running on `data`, and removes its lock
 * file. A process is only touched when it is a postgres whose data directory is this one; a process that merely
 * inherited the number is left alone.
 *
 * @throws DevStackError when it does not stop within 15 s
 */
export async function stopOrphan(data: string): Promise<void> {
  const lockFile = join(data, 'postmaster.pid');
  const pid = readPid(lockFile);
  if (pid === undefined) return;
  if (isPostgresOn(pid, data)) {
    process.kill(pid, 'SIGINT');
    if (!(await gone(pid, 10_000))) process.kill(pid, 'SIGQUIT');
    if (!(await gone(pid, 5_000))) {
      throw new DevStackError(`An old Postgres (process ${pid}) does not stop: end it and start again.`);
    }
  }
  rmSync(lockFile, { force: true });
}

/** Whether process `pid` is a Postgres server on the data directory `data`. */
export function isPostgresOn(pid: number, data: string): boolean {
  try {
    if (process.platform === 'linux') {
      // Postgres changes into its data directory. A binary replaced since reads "… (deleted)".
      const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(' (deleted)', '');
      return program === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
    }
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes('postgres') && command.includes(data);
  } catch {
    return false;
  }
}

function readPid(lockFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function gone(pid: number, timeoutMs: number): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(25)) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
  }
  return false;
}
