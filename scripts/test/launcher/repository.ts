import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test as baseTest, vi } from 'vitest';

export type Repository = ReturnType<typeof createRepository>;

/**
 * Vitest's `test` with a separate repository, `repo`, whose tasks and package managers only report how they were called.
 *
 * @example
 * test('a task gets its arguments', async ({ repo: { run, write } }) => {
 *   write('scripts/check.ts', 'console.log(process.argv[2])');
 *   expect((await run(['check', 'a'])).stdout).toBe('a\n');
 * });
 */
// biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
export const test = baseTest.extend('repo', ({}, { onCleanup }): Repository => {
  const repo = createRepository();
  onCleanup(() => {
    vi.unstubAllEnvs();
    for (const child of repo.children) child.kill('SIGKILL');
    rmSync(repo.root, { recursive: true, force: true });
  });
  return repo;
});

function createRepository() {
  const root = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  const children: ChildProcess[] = [];
  const scripts = join(import.meta.dirname, '..', '..');
  for (const name of ['with-toolchain.mjs', 'toolchain']) {
    cpSync(join(scripts, name), join(root, 'scripts', name), { recursive: true });
  }
  write('packages/service-kit/src/quick-start.mjs', 'globalThis.startsQuickly = true;');
  write('pnpm-lock.yaml', 'lock: 1\n');
  write('node_modules/.pnpm/lock.yaml', 'lock: 1\n');
  program('pnpm', 'echo 12.0.0');
  return { root, children, write, program, launch, run, oldNode, nodeWithoutTypes };

  function write(path: string, content: string): void {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }

  /** A program that comes before all others on PATH. */
  function program(name: string, script: string): void {
    write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(join(root, 'bin', name), 0o755);
  }

  function launch(args: string[], { node = [] as string[], group = false } = {}): ChildProcess {
    const child = spawn(process.execPath, [...node, 'scripts/with-toolchain.mjs', ...args], {
      cwd: root,
      env: { ...process.env, PATH: [join(root, 'bin'), '/usr/bin', '/bin'].join(delimiter) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: group,
    });
    children.push(child);
    return child;
  }

  async function run(args: string[], options: { node?: string[] } = {}) {
    const child = launch(args, options);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout as NodeJS.ReadableStream),
      text(child.stderr as NodeJS.ReadableStream),
      once(child, 'close'),
    ]);
    return { stdout, stderr, code: code as number };
  }

  /** Makes the launcher believe that it runs on Node.js 18. */
  function oldNode(): string[] {
    write('old.mjs', `Object.defineProperty(process.versions, 'node', { value: '18.19.0' });`);
    return ['--import', join(root, 'old.mjs')];
  }

  /** A Node.js that runs no TypeScript, as some distributions build it. */
  function nodeWithoutTypes(): string {
    program('node-without-types', `exec ${process.execPath} --no-strip-types "$@"`);
    return join(root, 'bin', 'node-without-types');
  }
}
