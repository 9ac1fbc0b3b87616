import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exitOf, startChild } from '../../src/processes/child.ts';

const directory = mkdtempSync(join(tmpdir(), 'latchkey-child-'));
afterAll(() => rmSync(directory, { recursive: true }));

function start(program: string) {
  return startChild(process.execPath, ['-e', program], {
    env: process.env,
    logFile: join(directory, 'log'),
    orphan: { signal: 'SIGKILL' },
  });
}

const endless = 'setInterval(() => {}, 1_000_000)';

test('a child is waited for until it ends by itself', async () => {
  const child = await start('process.exitCode = 7');
  expect(await exitOf(child, { signal: undefined, end: () => child.kill() })).toEqual({
    code: 7,
    signal: null,
  });
});

test.each(['while we wait for it', 'before we wait for it'])(
  'a child is ended when the signal is aborted %s',
  async (when) => {
    const child = await start(endless);
    const aborting = new AbortController();
    if (when === 'before we wait for it') aborting.abort(new Error('no longer wanted'));
    const ended = exitOf(child, { signal: aborting.signal, end: () => child.kill() });
    aborting.abort(new Error('no longer wanted'));
    await expect(ended).rejects.toThrow('no longer wanted');
    expect(child.exit()).toEqual({ code: null, signal: 'SIGKILL' });
  },
);
