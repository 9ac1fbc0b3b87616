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
