import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fetchEnvironment } from './environment.mjs';
import { findNode, findPnpm } from './find.mjs';

/** @typedef {import('./runner.mjs').Runner} Runner */

/**
 * Installs exactly what the lockfile says, unless node_modules already holds that. Quiet unless it fails. If it is
 * interrupted, a marker stays behind, so that an incomplete node_modules is not taken for a complete one.
 *
 * @param {string} root
 * @param {Runner} runner
 */
export async function installDependencies(root, runner) {
  const marker = join(root, '.latchkey', 'installing');
  if (isInstalled(root) && !existsSync(marker)) return;
  const pnpm = await findPnpm(root, runner);
  const node = await findNode(root, runner);
  console.error('Installing dependencies …');
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(marker, '');
  const env = {
    ...fetchEnvironment(root, process.env),
    PATH: [dirname(node), process.env['PATH'] ?? ''].join(delimiter),
  };
  // CI=true: never prompt. NODE_ENV: everything that the tasks need is a development dependency.
  const { code, stdout, stderr } = await runner.capture(pnpm, ['install', '--frozen-lockfile'], {
    cwd: root,
    env: { ...env, CI: 'true', NODE_ENV: 'development' },
    shell: process.platform === 'win32',
  });
  if (code !== 0) {
    process.stderr.write(stdout + stderr);
    if (/ENOSPC|no space left/i.test(stdout + stderr))
      throw new Error('The disk is full: free some space and start again.');
    throw new Error('The dependencies could not be installed (see above): repair that and start again.');
  }
  rmSync(marker, { force: true });
}

/**
 * Whether node_modules holds what the lockfile says: pnpm leaves a copy of the installed lockfile there.
 *
 * @param {string} root
 */
export function isInstalled(root) {
  try {
    const wanted = readFileSync(join(root, 'pnpm-lock.yaml'));
    const installed = readFileSync(join(root, 'node_modules', '.pnpm', 'lock.yaml'));
    return wanted.equals(installed);
  } catch {
    return false;
  }
}
