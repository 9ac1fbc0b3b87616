import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '@latchkey/testing';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive } from '../alive.ts';

test('of two children, each with a folder of its own, the one that was not released ends with its parent', async () => {
  const leashUrl = new URL('../../src/processes/leash.ts', import.meta.url).href;
  const folders = ['kept', 'removed'].map((name) => mkdtempSync(join(tmpdir(), `latchkey ${name} `)));
  const code = `
    import { spawn } from 'node:child_process';
    import { leash } from '${leashUrl}';
    const releases = ${JSON.stringify(folders)}.map((remove) => {
      const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
      console.log(child.pid);
      return leash(child.pid, { signal: 'SIGTERM', remove });
    });
    releases[0]();
    releases[0]();
    console.log('released');
    setInterval(() => {}, 1000);
  `;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(owner.stdout);
  const printed: string[] = [];
  for await (const line of lines) if (printed.push(line) === 3) break;
  const [released, watched] = printed.map(Number) as [number, number];
  owner.kill('SIGKILL');
  await eventually('the watched child is gone', () => expect(isAlive(watched)).toBe(false));
  await eventually('its folder is gone', () => expect(existsSync(folders[1] ?? '')).toBe(false));
  expect([isAlive(released), existsSync(folders[0] ?? '')]).toEqual([true, true]);
  process.kill(released, 'SIGKILL');
  rmSync(folders[0] ?? '', { recursive: true, force: true });
});

test('a child ends with a parent that is killed in the moment of its start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const logFile = join(folder, 'output.log');
  const childUrl = new URL('../../src/processes/child.ts', import.meta.url).href;
  const code = `
    import { startChild } from '${childUrl}';
    const options = { env: process.env, logFile: ${JSON.stringify(logFile)}, orphan: { signal: 'SIGKILL' } };
    void startChild('/bin/sh', ['-c', 'echo $$; exec sleep 600'], options);
    process.kill(process.pid, 'SIGKILL');
  `;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
  await once(owner, 'exit');
  const pid = await eventually('the child has said its id', () => {
    const said = Number(readFileSync(logFile, 'utf8'));
    expect(said).toBeGreaterThan(0);
    return said;
  });
  await eventually('the child is gone', () => expect(isAlive(pid)).toBe(false));
});
