import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lastComplaint, lastFault } from '../../src/services/log.ts';

function logOf(...lines: object[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'service.log');
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}

test('a service that is not ready says why in its log, and the last reason counts', () => {
  const notReady = (message: string) => ({
    level: 'warn',
    msg: 'not ready',
    err: { type: 'Error', message },
  });
  const file = logOf(notReady('no keys'), notReady('connect ECONNREFUSED'), {
    level: 'info',
    msg: 'listening',
  });
  expect(lastComplaint(file)).toBe('not ready: connect ECONNREFUSED');
  // The message that it was not ready is not the cause of its end.
  expect(lastFault(file)).not.toContain('not ready');
  expect(lastComplaint(logOf({ level: 'info', msg: 'listening' }))).toBeUndefined();
});
