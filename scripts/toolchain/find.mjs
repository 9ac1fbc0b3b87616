import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchEnvironment } from './environment.mjs';

/** @typedef {import('./runner.mjs').Runner} Runner */
/** @typedef {{ node?: string, pnpm?: string }} Toolchain  paths of the two programs */

// The first version with crypto.argon2, which hashes passwords.
const oldestNode = '24.7';
const oldestPnpm = '12.0';
// 24 is the fallback: Node.js 26 needs a library (libatomic) that a bare system may lack.
const nodes = ['node@26', 'node@24'];
const pnpm = 'pnpm@12';
// A shell's exit code for a program that cannot be run; npx passes it on.
const cannotRun = 127;
const windows = process.platform === 'win32';

/**
 * Returns the Node.js that runs the services: the current one if it is new enough, else one fetched from the npm
 * registry.
 *
 * @param {string} root
 * @param {Runner} runner
 * @returns {Promise<string>} path of the program
 */
export async function findNode(root, runner) {
  if (isAtLeast(process.versions.node, oldestNode)) return process.execPath;
  return (await remembered(root, 'node', oldestNode)) ?? (await fetch(root, runner, 'node'));
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
  if (found !== undefined && works(found, oldestPnpm)) return found;
  return (await remembered(root, 'pnpm', oldestPnpm)) ?? (await fetch(root, runner, 'pnpm'));
}

/**
 * @param {string} root
 * @param {'node' | 'pnpm'} name
 * @param {string} oldest
 */
async function remembered(root, name, oldest) {
  const path = readToolchain(root)[name];
  return path !== undefined && existsSync(path) && works(path, oldest) ? path : undefined;
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
  const needsNode = !isAtLeast(process.versions.node, oldestNode);
  const [names = [], ...others] = needsNode ? nodes.map((node) => [node, pnpm]) : [[pnpm]];
  console.error(`Fetching ${names.join(' and ')} from the npm registry (once) …`);
  let fetched = await fetchByNpx(root, runner, names);
  for (const other of others) if (fetched.code === cannotRun) fetched = await fetchByNpx(root, runner, other);
  const path = fetched.toolchain[wanted];
  if (path === undefined || !works(path, wanted === 'node' ? oldestNode : oldestPnpm)) {
    process.stderr.write(fetched.stderr);
    throw new Error(
      `${names.join(' and ')} could not be fetched: check the network and start again, or install Node.js ≥ ${oldestNode} and pnpm ≥ ${oldestPnpm}.`,
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
 * @param {string} program
 * @param {string} oldest
 */
function works(program, oldest) {
  // Does not run in the repository, because some versions of pnpm would first replace themselves with the version that
  // package.json names.
  const { status, stdout } = spawnSync(program, ['--version'], {
    cwd: tmpdir(),
    encoding: 'utf8',
    timeout: 20_000,
    shell: windows,
    env: { ...process.env, COREPACK_ENABLE_DOWNLOAD_PROMPT: '0' },
  });
  return status === 0 && isAtLeast(stdout.trim().replace(/^v/, ''), oldest);
}

/**
 * @param {string} version  1.2.3
 * @param {string} oldest  1.2
 */
export function isAtLeast(version, oldest) {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
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
