import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { DevStackError, explainText } from '../errors.ts';
import { exitOf, startChild } from '../processes/child.ts';
import { machineEnvironment } from '../processes/environment.ts';

export type BuildOptions = {
  /** The file for the output of the build. */
  logFile: string;
  signal?: AbortSignal;
};

/** The sources of the page, as paths from the app's folder. */
const sources = ['page', 'src', 'vite.config.ts', 'package.json', '../../packages/auth-browser/src'];

/**
 * Builds the storefront's page with its own vite, unless the existing build is newer than all its sources.
 *
 * @param directory the app's folder
 * @throws DevStackError, one line that names the log
 * @example await buildPage('apps/storefront', { logFile: '.latchkey/logs/storefront-build.log' });
 */
export async function buildPage(directory: string, { logFile, signal }: BuildOptions): Promise<void> {
  const page = join(directory, 'dist');
  const builtAt = modifiedAt(join(page, 'index.html'));
  if (sources.every((source) => newestIn(join(directory, source)) < builtAt)) return;

  // Built in a temporary folder and moved, so that no stack serves a partial page, even if two start at once.
  const fresh = join(directory, 'node_modules', `.page-${randomBytes(6).toString('hex')}`);
  try {
    const began = new Date();
    await runVite(directory, { to: fresh, logFile, ...(signal && { signal }) });
    // A file saved during the build may not be in it, so the build's time is that of its start.
    utimesSync(join(fresh, 'index.html'), began, began);
    replace(page, fresh);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function runVite(
  directory: string,
  { to, logFile, signal }: BuildOptions & { to: string },
): Promise<void> {
  const vite = join(directory, 'node_modules', 'vite', 'bin', 'vite.js');
  const child = await startChild(process.execPath, [vite, 'build', '--outDir', to, '--emptyOutDir'], {
    cwd: directory,
    // Always the production page, even if a test starts us.
    env: { ...machineEnvironment(), NODE_ENV: 'production' },
    logFile,
    orphan: { signal: 'SIGKILL' },
  });
  const { code } = await exitOf(child, { signal, end: () => child.kill() });
  if (code === 0) return;
  const reason = reasonIn(readFileSync(logFile, 'utf8'));
  const [character] = /[?\\]/.exec(directory) ?? [];
  const advice =
    character === undefined
      ? ''
      : `rename the folder, since vite finds no files where a path has "${character}" (${directory}). It says: `;
  throw new DevStackError(`The page cannot be built: ${advice}${reason} (log: ${logFile})`);
}

function reasonIn(log: string): string {
  // vite counts the errors in a line of its own, and writes colours even with NO_COLOR.
  const said = /^error during build:\s*(?:(?:Error: )?Build failed with \d+ errors?:\s*)?(.+)$/m;
  return explainText(log) ?? said.exec(stripVTControlCharacters(log))?.[1] ?? 'it does not say why';
}

function replace(page: string, fresh: string): void {
  const old = `${fresh}-old`;
  try {
    renameSync(page, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  try {
    renameSync(fresh, page);
  } catch (error) {
    // Another stack was faster and built the same page.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/**
 * The last change of a file, or of the newest file in a folder, in milliseconds since the epoch; 0 if there is none.
 */
function newestIn(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names.reduce((newest, name) => Math.max(newest, modifiedAt(join(path, name))), found.mtimeMs);
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
