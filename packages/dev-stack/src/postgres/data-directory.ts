import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DevStackError, explainText } from '../errors.ts';
import { postgresEnvironment } from '../processes/environment.ts';
import type { PostgresBinaries } from './binaries.ts';
import type { RunAs } from './run-as.ts';

export const superuser = 'latchkey';
const majorVersion = '18';

/**
 * Creates `<directory>/data` if it is missing, with a new password in `<directory>/password` (mode 0600). It is created
 * in a temporary folder and moved into place when complete, so an interrupted start leaves nothing incomplete.
 *
 * @returns the superuser's password
 * @throws DevStackError on a full disk, on data of another Postgres version, and when initdb fails
 */
export async function prepareDataDirectory(
  directory: string,
  { initdb }: PostgresBinaries,
  { runAs, durable }: { runAs: RunAs; durable: boolean },
): Promise<string> {
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  if (existsSync(join(data, 'PG_VERSION')) && existsSync(passwordFile)) {
    const version = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
    if (version === majorVersion) return readFileSync(passwordFile, 'utf8').trim();
    throw new DevStackError(
      `The data here is of Postgres ${version}, not ${majorVersion}: npm run reset empties it.`,
    );
  }
  const fresh = join(directory, 'data.new');
  for (const leftover of [data, fresh]) rmSync(leftover, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const { uid, gid } = statSync(directory);
  if (process.getuid?.() === 0) for (const path of [fresh, passwordFile]) chownSync(path, uid, gid);

  const [command = initdb, ...args] = [
    ...runAs.prefix,
    initdb,
    `--pgdata=${fresh}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Postgres's own collation: the same order on every machine, without a locale that a small system may lack.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ];
  const { uid: asUid, gid: asGid } = runAs;
  const ids = asUid === undefined || asGid === undefined ? {} : { uid: asUid, gid: asGid };
  const child = spawn(command, args, {
    ...ids,
    cwd: '/',
    env: postgresEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = await once(child, 'close');
  if (code !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    const reason =
      errors.split('\n').find((line) => /error|fatal/i.test(line)) ?? errors.split('\n', 1)[0] ?? '';
    if (/could not look up effective user ID/.test(errors)) throw new DevStackError(needsName(asUid));
    throw new DevStackError(
      explainText(errors) ??
        `Postgres cannot make its data directory: ${reason.replace(/^.*?(FATAL|PANIC|error):\s*/, '')}`,
    );
  }
  renameSync(fresh, data);
  return password;
}

/** initdb asks the system for the name of its user, whom it does not need afterwards. */
function needsName(uid = process.getuid?.()): string {
  return (
    `Postgres is set up only by a user with a name, and ${uid} has none in /etc/passwd: start as another user; in a ` +
    'container, add the host’s names (--volume /etc/passwd:/etc/passwd:ro).'
  );
}
