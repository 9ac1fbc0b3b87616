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

test('the answer to a probe of ours hides neither the reason why a service is not ready, nor why it ended', () => {
  const probed = {
    level: 'error',
    route: '/ready',
    status: 503,
    code: 'not_ready',
    msg: 'request failed',
    err: { type: 'ProblemError', message: 'Not ready: keys and revocations.' },
  };
  const failed = { ...probed, route: '/cart', code: 'internal_error', err: { message: 'no such column' } };
  const file = logOf({ level: 'warn', msg: 'not ready', err: { message: 'no keys' } }, probed);
  expect(lastComplaint(file)).toBe('not ready: no keys');
  expect(lastFault(logOf({ level: 'error', msg: 'the disk is slow' }, probed))).toBe('the disk is slow');
  expect(lastComplaint(logOf(failed))).toBe('request failed: no such column');
});

test('an error is told with its causes, each once', () => {
  const cause = { message: 'connect ECONNREFUSED 127.0.0.1:4000' };
  const err = { message: 'The keys cannot be fetched', cause: { message: 'fetch failed', cause } };
  expect(lastComplaint(logOf({ level: 'warn', msg: 'not ready', err }))).toBe(
    'not ready: The keys cannot be fetched: fetch failed: connect ECONNREFUSED 127.0.0.1:4000',
  );
  const told = { message: `auth-service: ${cause.message}`, cause };
  expect(lastComplaint(logOf({ level: 'warn', msg: 'not ready', err: told }))).toBe(
    'not ready: auth-service: connect ECONNREFUSED 127.0.0.1:4000',
  );
});
