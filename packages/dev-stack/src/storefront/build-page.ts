import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { DevStackError, explainText } from '../errors.ts';
import { startChild } from '../processes/child.ts';
import { machineEnvironment } from '../processes/environment.ts';

export type BuildOptions = {
  /** Where the output of the build goes. */
  logFile: string;
  signal?: AbortSignal;
};

/** What the page is made of, by paths from the app's folder. */
const sources = ['page', 'src', 'vite.config.ts', 'package.json', '../../packages/auth-browser/src'];

/**
 * Builds the storefront's page by its own vite, unless what is there is newer than everything that it is made of.
 *
 * @param directory the app's folder
 * @throws DevStackError, one line that names the log
 * @example await buildPage('apps/storefront', { logFile: '.latchkey/logs/storefront-build.log' });
 */
export async function buildPage(directory: string, { logFile, signal }: BuildOptions): Promise<void> {
  const page = join(directory, 'dist');
  const builtAt = modifiedAt(join(page, 'index.html'));
  if (sources.every((source) => newestIn(join(directory, source)) < builtAt)) return;

  // Built beside and moved, so that nobody serves half a page, also when two stacks begin at once.
  const fresh = join(directory, 'node_modules', `.page-${randomBytes(6).toString('hex')}`);
  try {
    const began = new Date();
    await runVite(directory, { to: fresh, logFile, ...(signal && { signal }) });
    // What was saved while it was being built may not be in it.
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
    // Whoever starts us may be a test; the page is the one that people get.
    env: { ...machineEnvironment(), NODE_ENV: 'production' },
    logFile,
    orphan: { signal: 'SIGKILL' },
  });
  const abort = () => void child.kill();
  signal?.addEventListener('abort', abort);
  const { code } = await child.exited;
  signal?.removeEventListener('abort', abort);
  signal?.throwIfAborted();
  if (code === 0) return;
  const log = readFileSync(logFile, 'utf8');
  const reason = explainText(log) ?? /^error during build:\s*(.+)$/m.exec(log)?.[1] ?? 'it does not say why';
  throw new DevStackError(`The page cannot be built: ${reason} (log: ${logFile})`);
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
    // Another stack was faster, and built the same.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/** When a file, or the newest file in a folder, was changed last, in milliseconds since the epoch; 0 where none is. */
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
