import { spawnSync } from 'node:child_process';
import { chownSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DevStackError } from '../errors.ts';
import { postgresEnvironment } from '../processes/environment.ts';

/** How to start a Postgres program: `[...prefix, program, ...args]` with these ids. */
export type RunAs = { prefix: string[]; uid?: number; gid?: number };

type Ids = { uid: number; gid: number };

/**
 * Postgres refuses to run as root, but containers and CI often are root. In that case it runs as the owner of its
 * folder, or as an existing unprivileged user; no user is ever created. The first method that works in a trial is used:
 *
 * 1. a plain change of user, if that user can reach the repository;
 * 2. setpriv, keeping one capability (pass through folders that only root may enter, such as a 0700 clone).
 *    no_setuid_fixup matters: without it access(2), by which Postgres checks its own files, ignores the capability;
 * 3. a user namespace in which root appears as that user.
 *
 * The folder must exist; as root its owner may be changed.
 *
 * @throws DevStackError if no method works, with the reason of the last
 */
export function chooseRunAs(postgres: string, folder: string): RunAs {
  const ways = process.getuid?.() === 0 ? waysForRoot(idsFor(folder)) : [{ prefix: [] }];
  let reason = '';
  for (const way of ways) {
    reason = tryWay(way, postgres, folder);
    const { prefix, uid, gid } = way;
    if (reason === '') return uid === undefined || gid === undefined ? { prefix } : { prefix, uid, gid };
  }
  throw new DevStackError(
    `Postgres cannot run here (${reason}): start as a user other than root, or from a folder that others can enter.`,
  );
}

type Way = RunAs & { owner?: Ids };

/** Why the method does not work; empty if it does. */
function tryWay({ prefix, uid, gid, owner }: Way, postgres: string, folder: string): string {
  const ids = uid === undefined || gid === undefined ? {} : { uid, gid };
  const [command = '', ...args] = [...prefix, ...trial(postgres, folder)];
  try {
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
    const { status, stderr, error } = spawnSync(command, args, {
      ...ids,
      env: postgresEnvironment(),
      encoding: 'utf8',
      timeout: 10_000,
      cwd: '/',
    });
    if (status === 0) return '';
    return (error?.message ?? stderr).trim().split('\n').at(-1) || `exit code ${status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(join(folder, '.trial'), { force: true });
  }
}

function trial(postgres: string, folder: string): string[] {
  if (process.platform === 'win32') return [postgres, '--version'];
  return ['/bin/sh', '-c', 'cd "$1" && : > .trial && exec "$2" --version', 'trial', folder, postgres];
}

function waysForRoot({ uid, gid }: Ids): Way[] {
  const setpriv = (capability: string) => [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--no-new-privs',
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=-all,+${capability}`,
    `--bounding-set=-all,+${capability}`,
    '--securebits=+no_setuid_fixup',
    '--',
  ];
  const owner = { uid, gid };
  return [
    { prefix: [], uid, gid, owner },
    { prefix: setpriv('dac_read_search'), owner },
    { prefix: setpriv('dac_override'), owner },
    {
      prefix: ['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`, '--'],
      owner: { uid: 0, gid: 0 },
    },
  ];
}

/** The folder's owner unless that is root, else `nobody`, else any user: initdb requires an id with a name. */
function idsFor(folder: string): Ids {
  const { uid, gid } = statSync(folder);
  if (uid !== 0) return { uid, gid };
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , id, group]) => ({ name, uid: Number(id) >>> 0, gid: Number(group) >>> 0 }))
    .filter((user) => user.uid !== 0);
  const user = users.find(({ name }) => name === 'nobody') ?? users[0];
  if (user === undefined)
    throw new DevStackError('Postgres cannot run as root, and /etc/passwd has no other user.');
  return user;
}
