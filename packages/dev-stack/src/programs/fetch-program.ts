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
import { basename, dirname, join } from 'node:path';
import { DevStackError } from '../errors.ts';
import { fetchPackages } from './apt.ts';

/** A program that the distribution's packages have. */
export type PackagedProgram = {
  /** In messages. */
  title: string;
  /** The folder of the unpacked packages, beneath `programs`. */
  folder: string;
  /** What the program may be called; the first that the packages have is used. */
  names: readonly string[];
  /** Lists of packages; the first list that the distribution has is fetched. */
  packages: readonly (readonly string[])[];
  /** Why the program at this path is unusable, as a predicate; undefined if it is usable. */
  faultOf: (program: string) => string | undefined;
  /** What else the reader can do when fetching fails. */
  otherwise: string;
};

export type FetchOptions = {
  /** The folder for the fetched programs, see `latchkeyDirectory()`. Created if missing. */
  directory: string;
  env: Record<string, string | undefined>;
  onProgress?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
};

/** The program that an earlier start fetched into `directory`, if it still runs and is usable. */
export function findFetched(wanted: PackagedProgram, directory: string): string | undefined {
  return wanted.names
    .map((name) => join(programFolder(wanted, directory), name))
    .find((program) => existsSync(program) && wanted.faultOf(program) === undefined);
}

/**
 * Fetches a program from the distribution's own signed packages into `directory`; see `fetchPackages`. It is prepared in
 * a temporary folder and moved into place after it has run once. So an interrupted fetch leaves nothing incomplete, and
 * two at the same time do not disturb each other.
 *
 * @returns the path of the program
 * @throws DevStackError, one line that says what to do; the signal's reason when aborted
 * @example const program = await fetchProgram(redis, { directory: '.latchkey', env: process.env });
 */
export async function fetchProgram(wanted: PackagedProgram, options: FetchOptions): Promise<string> {
  const { directory, env, onProgress, signal } = options;
  const place = programFolder(wanted, directory);
  mkdirSync(dirname(place), { recursive: true });
  const fresh = mkdtempSync(`${place}-`);
  try {
    onProgress?.(`Fetching ${wanted.title} from the packages of this system (once; nothing is installed) …`);
    await fetchPackages(wanted.packages, { directory: fresh, env, signal });
    const name = makeProgram(wanted, fresh);
    const fault = wanted.faultOf(join(fresh, name));
    if (fault !== undefined) throw new DevStackError(`what this system has ${fault}`);
    settle(fresh, { wanted, directory });
    return join(place, name);
  } catch (error) {
    if (!(error instanceof DevStackError)) throw error;
    throw new DevStackError(
      `${wanted.title} could not be fetched: ${error.message.replace(/\.$/, '')}. Fix that, or ${wanted.otherwise}.`,
      { cause: error },
    );
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function programFolder({ folder }: PackagedProgram, directory: string): string {
  return join(directory, 'programs', folder);
}

/**
 * Writes a script beside the unpacked tree that starts the program with its libraries. It changes folder: use absolute
 * paths.
 */
function makeProgram({ names, title }: PackagedProgram, folder: string): string {
  const files = readdirSync(join(folder, 'tree'), { recursive: true, encoding: 'utf8' });
  const program = names
    .flatMap((name) => [join('usr', 'bin', name), join('usr', 'sbin', name)])
    .find((file) => files.includes(file));
  if (program === undefined) throw new DevStackError(`the packages of this system hold no ${title}`);
  const name = basename(program);
  const libraries = new Set(files.filter((file) => /\.so(\.|$)/.test(file)).map((file) => dirname(file)));
  // Relative, because the loader splits the list of paths at colons.
  const path = [...libraries].map((library) => `"tree/${library}"`).join(':');
  const script = `#!/bin/sh
here=$(PATH=/usr/bin:/bin readlink -f -- "$0")
cd -- "\${here%/*}" || exit
LD_LIBRARY_PATH=${path} exec tree/${program} "$@"
`;
  writeFileSync(join(folder, name), script);
  // For a user other than root, as whom the program may have to run.
  for (const path of [folder, join(folder, name)]) chmodSync(path, 0o755);
  for (const entry of readdirSync(folder).filter((entry) => entry !== 'tree' && entry !== name)) {
    rmSync(join(folder, entry), { recursive: true, force: true });
  }
  return name;
}

/** Moves the tree into place, unless a working one is there by now, which another process may already run. */
function settle(fresh: string, { wanted, directory }: { wanted: PackagedProgram; directory: string }): void {
  const place = programFolder(wanted, directory);
  try {
    renameSync(fresh, place);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    if (findFetched(wanted, directory) !== undefined) return;
    rmSync(place, { recursive: true, force: true });
    renameSync(fresh, place);
  }
}
