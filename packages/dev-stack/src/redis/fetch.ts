import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DevStackError } from '../errors.ts';
import { fetchPackages } from './apt.ts';
import { programFault } from './find.ts';

export type FetchOptions = {
  /** The folder for the fetched programs, see `latchkeyDirectory()`. Created if missing. */
  directory: string;
  env: Record<string, string | undefined>;
  onProgress?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
};

const names = ['redis-server', 'valkey-server'];
const packages = [
  ['redis-server', 'redis-tools'],
  ['valkey-server', 'valkey-tools'],
];

/** The redis-server or valkey-server that an earlier start fetched into `directory`, if it still runs and is usable. */
export function findFetchedRedis(directory: string): string | undefined {
  return names
    .map((name) => join(programFolder(directory), name))
    .find((program) => existsSync(program) && programFault(program) === undefined);
}

/**
 * Fetches Redis or Valkey from the distribution's own signed packages into `directory`; see `fetchPackages`. It is
 * prepared in a temporary folder and moved into place after it has run once. So an interrupted fetch leaves nothing
 * incomplete, and two at the same time do not disturb each other.
 *
 * @returns the path of the program
 * @throws DevStackError, one line that says what to do; the signal's reason when aborted
 * @example const program = await fetchRedis({ directory: '.latchkey', env: process.env });
 */
export async function fetchRedis(options: FetchOptions): Promise<string> {
  const { directory, env, onProgress, signal } = options;
  const place = programFolder(directory);
  mkdirSync(dirname(place), { recursive: true });
  const fresh = mkdtempSync(`${place}-`);
  try {
    onProgress?.('Fetching Redis from the packages of this system (once; nothing is installed) …');
    await fetchPackages(packages, { directory: fresh, env, signal });
    const name = makeProgram(fresh);
    const fault = programFault(join(fresh, name));
    if (fault !== undefined) throw new DevStackError(`what this system has ${fault}`);
    settle(fresh, directory);
    return join(place, name);
  } catch (error) {
    if (!(error instanceof DevStackError)) throw error;
    throw new DevStackError(
      `Redis could not be fetched: ${error.message.replace(/\.$/, '')}. Fix that, or install Redis 7.0 or later, or start Docker, or set REDIS_URL; then start again.`,
      { cause: error },
    );
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function programFolder(directory: string): string {
  return join(directory, 'programs', 'redis');
}

/**
 * Writes a script beside the unpacked tree that starts the server with its libraries. It changes folder: use absolute
 * paths.
 */
function makeProgram(folder: string): string {
  const files = readdirSync(join(folder, 'tree'), { recursive: true, encoding: 'utf8' });
  const name = names.find((wanted) => files.includes(join('usr', 'bin', wanted)));
  if (name === undefined) throw new DevStackError('the packages of this system hold no server');
  const libraries = new Set(files.filter((file) => /\.so(\.|$)/.test(file)).map((file) => dirname(file)));
  // Relative, because the loader splits the list of paths at colons.
  const path = [...libraries].map((library) => `"tree/${library}"`).join(':');
  const script = `#!/bin/sh
here=$(PATH=/usr/bin:/bin readlink -f -- "$0")
cd -- "\${here%/*}" || exit
LD_LIBRARY_PATH=${path} exec tree/usr/bin/${name} "$@"
`;
  writeFileSync(join(folder, name), script);
  chmodSync(join(folder, name), 0o755);
  for (const entry of readdirSync(folder).filter((entry) => entry !== 'tree' && entry !== name)) {
    rmSync(join(folder, entry), { recursive: true, force: true });
  }
  return name;
}

/** Moves the tree into place, unless a working one is there by now, which another process may already run. */
function settle(fresh: string, directory: string): void {
  const place = programFolder(directory);
  try {
    renameSync(fresh, place);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    if (findFetchedRedis(directory) !== undefined) return;
    rmSync(place, { recursive: true, force: true });
    renameSync(fresh, place);
  }
}
