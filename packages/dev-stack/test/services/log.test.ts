import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lastComplaint, lastFault } from '../../src/services/log.ts';

/** A text is what the process wrote beside its log. */
function logOf(...lines: (object | string)[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'service.log');
  writeFileSync(
    file,
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
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

const stack = '    at file:///apps/cart-service/src/main.ts:7:9\n    at run (node:internal/main:1:1)';

test.each([
  [
    'an error with its cause',
    `The service could not start: Error: no port\n${stack}\nCaused by: Error: no socket\n${stack}`,
    'The service could not start: Error: no port Caused by: Error: no socket',
  ],
  [
    'every faulty setting',
    'The configuration is not valid:\n  - PORT is missing\n  - ISSUER is missing',
    'The configuration is not valid: - PORT is missing - ISSUER is missing',
  ],
  [
    'what Node.js says of a thrown text',
    'file:///main.ts:3\n  throw text;\n  ^\nno port\n(Use `node --trace-uncaught ...` to show it)\n\nNode.js v26.0.0',
    'no port',
  ],
  [
    'what Node.js says of an error with any name',
    `node:internal/x:1\n  throw e;\n  ^\n\nerror: no port\n${stack} {\n  code: 'X'\n}\n\nNode.js v26.0.0`,
    'error: no port',
  ],
  [
    'what Node.js says when its memory is full',
    '<--- Last few GCs --->\n\n[7:0x1] Mark-Compact\n\nFATAL ERROR: heap out of memory\n----- Native stack -----\n 1: 0x1',
    'FATAL ERROR: heap out of memory',
  ],
  [
    'no warning of Node.js',
    'no port\n(node:7) Warning: unusual\n(Use `node --trace-warnings ...` to show where)',
    'no port',
  ],
])('a process that ends without a log line is told by its own words: %s', (_, output, told) => {
  const before = { level: 'error', msg: 'request failed' };
  expect(lastFault(logOf('hello', before, { level: 'info', msg: 'listening' }, output))).toBe(told);
});

test('the fatal line is the reason, whatever is written after it; an error is, if nothing is', () => {
  const fatal = { level: 'fatal', msg: 'ended', err: { message: 'no disk' } };
  const error = { level: 'error', msg: 'stopping failed' };
  expect(lastFault(logOf(fatal, error, 'bye'))).toBe('ended: no disk');
  expect(lastFault(logOf('hello', error, { level: 'info', msg: 'closed' }))).toBe('stopping failed');
});
