import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { asConnectionError } from '../../src/database/errors.ts';
import { isDatabaseUnavailable } from '../../src/index.ts';

describe('what Postgres answers', () => {
  /** The state, and whether Postgres cannot serve (503) or we made a mistake (500). */
  it.each([
    ['08006 connection failure', true],
    ['25006 read-only transaction', true],
    ['25P03 idle in transaction for too long', true],
    ['28P01 wrong password', true],
    ['28000 no such user', true],
    ['3D000 no such database', true],
    ['40001 serialization failure', true],
    ['40P01 deadlock', true],
    ['42501 a right that was taken away', true],
    ['53100 disk full', true],
    ['53200 out of memory', true],
    ['53300 too many connections', true],
    ['55P03 lock not available', true],
    ['57014 statement timeout', true],
    ['57P01 shutting down', true],
    ['57P03 starting', true],
    ['58030 I/O error', true],
    ['XX000 internal error', true],
    ['XX001 data corrupted', true],
    ['99999 one that nobody knows', true],
    ['0A000 not supported', false],
    ['22P02 no such number', false],
    ['23505 not unique', false],
    ['25P02 transaction has failed already', false],
    ['42601 syntax error', false],
    ['42P01 no such table', false],
    ['54001 too complex', false],
    ['P0001 raised by PL/pgSQL', false],
  ])('%s', async (state, isUnavailable) => {
    const error = new pg.DatabaseError('message', 0, 'error');
    Object.assign(error, { code: state.slice(0, 5), severity: 'ERROR' });
    expect(isDatabaseUnavailable(new Error('Failed query', { cause: error }))).toBe(isUnavailable);
  });
});

it.each([
  new pg.DatabaseError('received invalid response: 78', 4, 'error'),
  new Error('Received unexpected commandComplete message from backend.'),
  new Error('There was an error establishing an SSL connection'),
  asConnectionError(new AggregateError([Object.assign(new Error('address'), { code: 'EADDRNOTAVAIL' })])),
])('what is no answer of Postgres is an error of the connection: %s', (error) => {
  expect(isDatabaseUnavailable(new Error('Failed query', { cause: error }))).toBe(true);
});

it('an error that does not come from a database is no database error', () => {
  for (const error of [new Error('anything'), new TypeError('ours'), 'no error', undefined]) {
    expect(isDatabaseUnavailable(error)).toBe(false);
  }
});
