import { spawnSync } from 'node:child_process';
import { findOnPath } from '../programs/find-on-path.ts';
import { versionFault } from './check.ts';

/** The first usable redis-server or valkey-server of this machine. `onFault` is called for each unusable one. */
export function findRedisServer(path?: string, onFault?: (line: string) => void): string | undefined {
  for (const name of ['redis-server', 'valkey-server']) {
    const program = findOnPath([name], path);
    const fault = program === undefined ? undefined : programFault(program);
    if (fault === undefined && program !== undefined) return program;
    if (fault !== undefined) onFault?.(`${program} ${fault}: 7.0 or later is needed. Looking for another …`);
  }
  return undefined;
}

/** Why a server's program is unusable, as a predicate; undefined if it is usable. */
export function programFault(program: string): string | undefined {
  const { status, stdout, stderr, error } = spawnSync(program, ['--version'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  const version = /\bv=(\S+)/.exec(stdout ?? '')?.[1];
  if (status !== 0 || version === undefined)
    return `does not run (${(error?.message ?? stderr).trim().split('\n').at(-1)})`;
  const fault = versionFault(`redis_version:${version}`);
  return fault && `is ${fault}`;
}
