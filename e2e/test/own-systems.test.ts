import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@latchkey/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

const programs = [
  ['the demo', 'demo/src/main.ts', []],
  ['the load test', 'load/src/main.ts', ['--quick']],
] as const;

/** Starts a program that starts a system of its own, in a folder for temporary files that nobody else uses. */
async function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'own-system-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const child = spawn(process.execPath, [join(root, program), ...args], {
    env: { ...process.env, TMPDIR: folder, ...env },
    // The channel closes when the tests are killed, and the system then ends too.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return { child, exit, output: () => output, left: () => readdir(folder) };
}

describe.each(programs)('%s', (_, program, args) => {
  it('leaves nothing behind when it is interrupted while its system starts', async () => {
    const { child, exit, output, left } = await start(program, args);
    await eventually('it starts its system', () => expect(output()).toContain('Starting Postgres'));
    // As a terminal and npm both send it.
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await exit).toBe(1);
    expect(output()).toContain('Stopped');
    expect(output()).not.toMatch(/^ +at /m);
    expect(await left()).toEqual([]);
  });

  it('says in one line why its system cannot start, and leaves nothing behind', async () => {
    const nowhere = await mkdtemp(join(tmpdir(), 'own-system-path-'));
    onTestFinished(() => rm(nowhere, { recursive: true, force: true }));
    const { exit, output, left } = await start(program, args, { PATH: nowhere, LATCHKEY_DIRECTORY: nowhere });
    expect(await exit).toBe(1);
    // Root needs a program on PATH to start Postgres in a folder of its own.
    const reason = /^(Redis was not found|Postgres cannot run here)/;
    expect(output().trimEnd().split('\n').at(-1)).toMatch(reason);
    expect(output()).not.toMatch(/^ +at /m);
    expect(await left()).toEqual([]);
  });
});
