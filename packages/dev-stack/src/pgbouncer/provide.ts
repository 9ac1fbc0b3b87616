import { spawnSync } from 'node:child_process';
import { latchkeyDirectory } from '../directory.ts';
import { hasApt } from '../programs/apt.ts';
import { fetchProgram, findFetched, type PackagedProgram } from '../programs/fetch-program.ts';
import { findOnPath } from '../programs/find-on-path.ts';

const pgBouncer: PackagedProgram = {
  title: 'PgBouncer',
  folder: 'pgbouncer',
  names: ['pgbouncer'],
  packages: [['pgbouncer']],
  faultOf: (program) => {
    const { status, stdout, stderr, error } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (status === 0 && /^PgBouncer \d/.test(stdout)) return undefined;
    return `does not run (${(error?.message ?? stderr).trim().split('\n').at(-1)})`;
  },
  otherwise: 'install pgbouncer',
};

/** PgBouncer on PATH, in /usr/sbin, or fetched earlier. */
export function findPgBouncer(
  env: Record<string, string | undefined> = process.env,
  directory = latchkeyDirectory(env),
): string | undefined {
  return findOnPath(['pgbouncer'], `${env['PATH'] ?? ''}:/usr/sbin`) ?? findFetched(pgBouncer, directory);
}

/**
 * Finds PgBouncer, or fetches it from the packages of the system where there is apt.
 *
 * @returns its path; undefined where it is missing and there is no apt
 * @throws DevStackError, one line, when it cannot be fetched
 */
export async function providePgBouncer(options: {
  env: Record<string, string | undefined>;
  onProgress?: (line: string) => void;
}): Promise<string | undefined> {
  const { env, onProgress } = options;
  const directory = latchkeyDirectory(env);
  const found = findPgBouncer(env, directory);
  if (found !== undefined || !hasApt(env)) return found;
  return await fetchProgram(pgBouncer, { directory, env, onProgress });
}
