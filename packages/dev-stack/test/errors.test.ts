import { expect, test } from 'vitest';
import { DevStackError, explain } from '../src/errors.ts';

test.each([
  [new DevStackError('Do this.'), 'Do this.'],
  [
    Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
    /^The disk is full/,
  ],
  [new Error('FATAL:  could not extend file: wrote only 4096 of 8192 bytes at block 7'), /^The disk is full/],
  [new Error('could not write file: No space left on device'), /^The disk is full/],
  [
    Object.assign(new Error('EACCES'), { code: 'EACCES', path: '/data/secrets.json' }),
    /^No permission for \/data\/sec/,
  ],
  [new Error('first line\n    at somewhere'), 'first line'],
  [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['text', 'text'],
])('%s is explained in one line', (error, expected) => {
  expect(explain(error)).toMatch(expected);
  expect(explain(error)).not.toContain('\n');
});
