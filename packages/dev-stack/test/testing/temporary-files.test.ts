import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { keepTemporaryFilesInMemory } from '../../src/testing/temporary-files.ts';

/** A new folder in memory with these mount options; undefined where this user may mount nothing. */
function memory(options: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-memory-'));
  onTestFinished(() => {
    spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  return status === 0 ? folder : undefined;
}

function placeIn(folder: string | undefined): string | undefined {
  const env: NodeJS.ProcessEnv = {};
  keepTemporaryFilesInMemory(env, folder);
  return env['TMPDIR'];
}

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)('temporary files', () => {
  test.for([
    ['where there is memory to spare', 'size=3g', true],
    ['not where there is little', 'size=1g', false],
    ['not where programs may not run', 'size=3g,noexec', false],
    ['not where nothing can be written', 'size=3g,ro', false],
  ] as const)('are kept in memory: %s', ([, options, isUsed], { skip }) => {
    const folder = memory(options) ?? skip('this user may mount nothing');
    expect(placeIn(folder)).toBe(isUsed ? folder : undefined);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('stay where they are told to be', () => {
    const env = { TMPDIR: '/elsewhere' };
    keepTemporaryFilesInMemory(env);
    expect(env).toEqual({ TMPDIR: '/elsewhere' });
  });
});
