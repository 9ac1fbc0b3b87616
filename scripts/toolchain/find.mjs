import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchEnvironment, forgetNodeOptions } from './environment.mjs';

/** @typedef {import('./runner.mjs').Runner} Runner */
/** @typedef {{ node?: string, pnpm?: string }} Toolchain  paths of the two programs */

// Node.js: the first version with crypto.argon2, which hashes passwords.
const oldest = { node: '24.7', pnpm: '12.0' };
// How a program tells its version. A Node.js that runs no TypeScript, as some distributions build it, tells 0.
const versionArguments = {
  node: ['--print', 'process.features.typescript?process.versions.node:0'],
  pnpm: ['--version'],
};
// 24 is the fallback: Node.js 26 needs a library (libatomic) that a bare system may lack.
const nodes = ['node@26', 'node@24'];
const pnpm = 'pnpm@12';
// A shell's exit code for a program that cannot be run; npx passes it on.
const cannotRun = 127;
// The exit code of Node.js for NODE_OPTIONS that it does not know; npx passes it on, too.
const refusesOptions = 9;
const windows = process.platform === 'win32';

/**
 * Returns the Node.js that runs the services: the current one if it is new enough and runs TypeScript, else one fetched
 * from the npm registry. Forgets NODE_OPTIONS that a fetched one refuses.
 *
 * @param {string} root
 * @param {Runner} runner
 * @returns {Promise<string>} path of the program
 */
export async function findNode(root, runner) {
  if (ownNodeWorks()) return process.execPath;
  const node = (await remembered(root, 'node')) ?? (await fetch(root, runner, 'node'));
  const isRefused = process.env['NODE_OPTIONS'] && spawnSync(node, ['--version']).status === refusesOptions;
  if (isRefused) forgetNodeOptions(process.env, console.error);
  return node;
}

/**
 * Returns pnpm: the one on PATH if it is new enough, else one fetched from the npm registry.
 *
 * @param {string} root
 * @param {Runner} runner
 * @returns {Promise<string>} path of the program
 */
export async function findPnpm(root, runner) {
  const found = onPath('pnpm');
  if (found !== undefined && works(found, 'pnpm')) return found;
  return (await remembered(root, 'pnpm')) ?? (await fetch(root, runner, 'pnpm'));
}

function ownNodeWorks() {
  if (!isAtLeast(process.versions.node, oldest.node)) return false;
  // NODE_OPTIONS may have turned TypeScript off here. A task does not get such an option.
  return Boolean(process.features.typescript) || works(process.execPath, 'node');
}

/**
 * @param {string} root
 * @param {'node' | 'pnpm'} name
 */
async function remembered(root, name) {
  const path = readToolchain(root)[name];
  return path !== undefined && existsSync(path) && works(path, name) ? path : undefined;
}

/**
 * Fetches the missing programs with npx, which comes with npm, and records where npx put them, so that the next start
 * needs neither npx nor a network.
 *
 * @param {string} root
 * @param {Runner} runner
 * @param {'node' | 'pnpm'} wanted
 * @returns {Promise<string>}
 */
async function fetch(root, runner, wanted) {
  const [names = [], ...others] = ownNodeWorks() ? [[pnpm]] : nodes.map((node) => [node, pnpm]);
  console.error(`Fetching ${names.join(' and ')} from the npm registry (once) …`);
  let fetched = await fetchByNpx(root, runner, names);
  for (const other of others) if (fetched.code === cannotRun) fetched = await fetchByNpx(root, runner, other);
  const path = fetched.toolchain[wanted];
  if (path === undefined || !works(path, wanted)) {
    process.stderr.write(fetched.stderr);
    throw new Error(
      `${names.join(' and ')} could not be fetched: check the network and start again, or install pnpm ≥ ${oldest.pnpm} and a Node.js ≥ ${oldest.node} that runs TypeScript.`,
    );
  }
  const file = toolchainFile(root);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...readToolchain(root), ...fetched.toolchain }, null, 2)}\n`);
  return path;
}

/**
 * @param {string} root
 * @param {Runner} runner
 * @param {string[]} names
 * @returns {Promise<{ toolchain: Toolchain, code: number, stderr: string }>} an empty toolchain if it failed
 */
async function fetchByNpx(root, runner, names) {
  const print = join(dirname(fileURLToPath(import.meta.url)), 'print-paths.mjs');
  const args = ['--yes', ...names.flatMap((name) => ['--package', name]), '--', 'node', print];
  const { code, stdout, stderr } = await runner.capture(windows ? 'npx.cmd' : 'npx', args, {
    cwd: tmpdir(),
    env: fetchEnvironment(root, process.env),
    shell: windows,
  });
  if (code === refusesOptions && process.env['NODE_OPTIONS']) {
    forgetNodeOptions(process.env, console.error);
    return await fetchByNpx(root, runner, names);
  }
  try {
    return { toolchain: code === 0 ? JSON.parse(stdout.trim().split('\n').at(-1) ?? '') : {}, code, stderr };
  } catch {
    return { toolchain: {}, code, stderr };
  }
}

/** @param {string} root */
function toolchainFile(root) {
  return join(root, '.latchkey', 'toolchain.json');
}

/**
 * @param {string} root
 * @returns {Toolchain}
 */
function readToolchain(root) {
  try {
    return JSON.parse(readFileSync(toolchainFile(root), 'utf8'));
  } catch {
    return {};
  }
}

/**
 * @param {string} program  its path
 * @param {'node' | 'pnpm'} name
 */
function works(program, name) {
  // Does not run in the repository, because some versions of pnpm would first replace themselves with the version that
  // package.json names.
  const { status, stdout } = spawnSync(program, versionArguments[name], {
    cwd: tmpdir(),
    encoding: 'utf8',
    timeout: 20_000,
    shell: windows,
    env: {
      ...process.env,
      COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
      ...(name === 'node' && { NODE_OPTIONS: '' }),
    },
  });
  return status === 0 && isAtLeast(stdout.trim(), oldest[name]);
}

/**
 * @param {string} version  1.2.3
 * @param {string} lowest  1.2
 */
export function isAtLeast(version, lowest) {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [lowestMajor = 0, lowestMinor = 0] = lowest.split('.').map(Number);
  return major > lowestMajor || (major === lowestMajor && minor >= lowestMinor);
}

/**
 * @param {string} name
 * @param {string} path
 */
export function onPath(name, path = process.env['PATH'] ?? '') {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, windows ? `${name}.cmd` : name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
