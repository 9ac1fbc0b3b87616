import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DevStackError } from '../errors.ts';

export type Orphan = {
  /** File whose first line is the process id. */
  pidFile: string;
  /** The program's name, e.g. /^postgres$/. */
  program: RegExp;
  /** The server's working folder, by which we recognize it as ours. */
  directory: string;
  signal: NodeJS.Signals;
};

/**
 * Stops a server that a killed run left running on `directory`, and removes its pid file. It touches the process only
 * if it is that program, working in that folder; another process with the same id is left alone.
 *
 * @throws DevStackError when it does not stop within 10 s
 */
export async function stopOrphan(orphan: Orphan): Promise<void> {
  const { pidFile, program, signal } = orphan;
  const pid = readPid(pidFile);
  if (pid === undefined) return;
  if (isOrphan(pid, orphan)) {
    process.kill(pid, signal);
    for (const end = Date.now() + 10_000; isOrphan(pid, orphan); await sleep(25)) {
      if (Date.now() < end) continue;
      const name = program.source.replace(/\W/g, '');
      throw new DevStackError(`An old ${name} (process ${pid}) does not stop: end it and start again.`);
    }
  }
  rmSync(pidFile, { force: true });
}

function isOrphan(pid: number, { program, directory }: Orphan): boolean {
  try {
    if (process.platform === 'linux') {
      // These servers change into their folder. The exe of a replaced binary reads "… (deleted)"; a zombie has none.
      const name = basename(readlinkSync(`/proc/${pid}/exe`)).replace(' (deleted)', '');
      return program.test(name) && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(directory);
    }
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return program.test(basename(command.split(' ', 1)[0] ?? '')) && command.includes(directory);
  } catch {
    return false;
  }
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
