import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { isAlive } from '../alive.ts';

function startParent(release: boolean, folder: string) {
  const leashUrl = new URL('../../src/processes/leash.ts', import.meta.url).href;
  const code = `
    import { spawn } from 'node:child_process';
    import { leash } from '${leashUrl}';
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    const letGo = leash(child.pid, { signal: 'SIGTERM', remove: '${folder}' });
    if (${release}) letGo();
    console.log(child.pid);
    setInterval(() => {}, 1000);
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test.each([
  { release: false, outlives: false },
  { release: true, outlives: true },
])(
  'a child whose parent is killed outlives it: $outlives, when released: $release',
  async ({ release, outlives }) => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
    const owner = startParent(release, folder);
    const [line] = await once(createInterface(owner.stdout), 'line');
    const pid = Number(line);
    await sleep(50);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    if (outlives) {
      await sleep(300);
      expect(isAlive(pid)).toBe(true);
      process.kill(pid, 'SIGKILL');
    } else {
      await eventually('the child is gone', () => expect(isAlive(pid)).toBe(false));
      await eventually('its folder is gone', () => expect(existsSync(folder)).toBe(false));
    }
    rmSync(folder, { recursive: true, force: true });
  },
);

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
