import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { bundledFor } from '@latchkey/dev-stack/testing';
import { parse } from 'yaml';
import { type Release, releases } from './releases.ts';

const repository = join(import.meta.dirname, '..', '..', '..');

/** What runs of an older version in these tests. */
const services = ['apps/auth-service', 'apps/cart-service', 'apps/wishlist-service'];

/** The installed packages of one workspace package, as the lockfile has them. */
type Importer = Readonly<Record<string, { readonly version: string }>>;

/** The release to upgrade from: the last one. Another commit can be tried with RELEASE_COMMIT, for example HEAD~1. */
export function lastRelease(env: NodeJS.ProcessEnv = process.env): Release {
  const { RELEASE_COMMIT: commit } = env;
  const last = releases.at(-1);
  if (last === undefined) throw new Error('deploy/releases.json names no release');
  return commit === undefined ? last : { name: commit, commit };
}

/** Whether this clone has the commit. A shallow clone has not. */
export function isInHistory({ commit }: Release): boolean {
  try {
    git('cat-file', '-e', `${commit}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

/** The paths of the files that a folder of the release has. */
export function filesOf({ commit }: Release, folder: string): string[] {
  const listed = git('ls-tree', '-r', '--name-only', commit, '--', folder).toString();
  return listed.split('\n').filter((path) => path !== '');
}

/**
 * The services' sources of a release, ready to run, in a folder that later runs find again: Node.js caches what it has
 * compiled by the path. Workspace packages lead to each other, and all other packages to what is installed here, if that
 * is what the release's lockfile says. Otherwise pnpm installs what it says.
 */
export function checkOut({ commit }: Release): { root: string; env: { NODE_OPTIONS: string } } {
  const lockfile = createHash('sha256').update(readFileSync(join(repository, 'pnpm-lock.yaml')));
  const id = git('rev-parse', `${commit}^{commit}`).toString().slice(0, 12);
  const root = join(repository, '.latchkey', 'releases', `${id}-${lockfile.digest('hex').slice(0, 12)}`);
  if (!existsSync(root)) {
    const temporary = `${root}.${process.pid}`;
    mkdirSync(temporary, { recursive: true });
    fill(temporary, commit);
    renameSync(temporary, root);
  }
  const isInstalledThere = existsSync(join(root, 'node_modules'));
  return { root, env: { NODE_OPTIONS: isInstalledThere ? '' : bundledFor(root) } };
}

function fill(folder: string, commit: string): void {
  const archive = git('archive', commit, '--', '*package.json', 'pnpm-*.yaml', 'apps', 'packages');
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  const [then, now] = [needsIn(folder), importersIn(repository)];
  const packages = packagesFor(services, then);
  if (packages.every((path) => isInstalled(then[path] ?? {}, allOf(now[path]))))
    for (const path of packages) link(folder, path, then[path] ?? {});
  else install(folder);
}

function git(...args: string[]): Buffer {
  return execFileSync('git', ['-c', `safe.directory=${repository}`, ...args], {
    cwd: repository,
    maxBuffer: 1024 ** 3,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

type Lists = { dependencies?: Importer; devDependencies?: Importer };

/** The part of pnpm's lockfile about the workspace's own packages. */
function importersIn(root: string): Readonly<Record<string, Lists>> {
  const text = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
  const part = text.slice(text.indexOf('\nimporters:'), text.indexOf('\npackages:'));
  return (parse(part) as { importers: Record<string, Lists> }).importers;
}

const allOf = ({ dependencies, devDependencies }: Lists = {}): Importer => ({
  ...dependencies,
  ...devDependencies,
});

/** What each package needs to run. */
function needsIn(root: string): Readonly<Record<string, Importer>> {
  return Object.fromEntries(
    Object.entries(importersIn(root)).map(([path, { dependencies, devDependencies }]) => {
      const { peerDependencies = {} } = existsSync(join(root, path, 'package.json'))
        ? JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))
        : {};
      const peers = Object.entries(devDependencies ?? {}).filter(([name]) => name in peerDependencies);
      return [path, { ...dependencies, ...Object.fromEntries(peers) }];
    }),
  );
}

/** These packages of the workspace, and those that they need. */
function packagesFor(paths: readonly string[], importers: Readonly<Record<string, Importer>>): string[] {
  const needed = new Set(paths);
  for (const path of needed)
    for (const { version } of Object.values(importers[path] ?? {}))
      if (version.startsWith('link:')) needed.add(join(path, version.slice('link:'.length)));
  return [...needed];
}

function isInstalled(then: Importer, now: Importer = {}): boolean {
  return Object.entries(then).every(
    ([name, { version }]) => version.startsWith('link:') || now[name]?.version === version,
  );
}

function link(folder: string, path: string, importer: Importer): void {
  for (const [name, { version }] of Object.entries(importer)) {
    const at = join(folder, path, 'node_modules', name);
    mkdirSync(dirname(at), { recursive: true });
    const target = version.startsWith('link:')
      ? relative(dirname(at), join(folder, path, version.slice('link:'.length)))
      : realpathSync(join(repository, path, 'node_modules', name));
    symlinkSync(target, at);
  }
}

function install(folder: string): void {
  const filters = services.flatMap((path) => ['--filter', `./${path}...`]);
  // With what is for development: peers of the workspace's own packages are among it.
  const flags = ['--frozen-lockfile', '--prefer-offline', '--ignore-scripts'];
  execFileSync('pnpm', ['install', ...flags, ...filters], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
