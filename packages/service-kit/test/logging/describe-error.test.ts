import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isDatabaseUnavailable } from '../../src/database/errors.ts';
import { describeError } from '../../src/logging/describe-error.ts';
import { serviceUnderTest } from '../service-under-test.ts';

const circle = new Error('round');
circle.cause = new Error('and round', { cause: circle });
const selfish = new AggregateError([], 'of itself');
selfish.errors.push(selfish, new Error('another'));
const refused = Object.assign(
  new AggregateError([
    new Error('connect ECONNREFUSED ::1:1'),
    new Error('connect ECONNREFUSED 127.0.0.1:1'),
  ]),
  { code: 'ECONNREFUSED' },
);
const touchy = Object.defineProperties(new Error(), {
  message: {
    get: () => {
      throw new Error('do not read me');
    },
  },
  code: {
    get: () => {
      throw new Error('do not read me');
    },
  },
});
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

const thrown: [what: string, value: unknown, described: object][] = [
  ['a string', 'disk on fire', { type: 'string', message: 'disk on fire' }],
  ['undefined', undefined, { type: 'undefined', message: 'undefined' }],
  ['null', null, { type: 'null', message: 'null' }],
  ['a number', 42, { type: 'number', message: '42' }],
  ['a big integer', 42n, { type: 'bigint', message: '42' }],
  ['a symbol', Symbol('odd'), { type: 'symbol', message: 'Symbol(odd)' }],
  ['a function', () => 'secret', { type: 'function', message: 'a function' }],
  ['an object', { message: 'said so', name: 'mina' }, { type: 'Object', message: 'said so' }],
  [
    'an object that says nothing',
    { status: 500, password: 'hunter2' },
    { message: 'no message; its keys: status, password' },
  ],
  [
    'an object without a prototype',
    Object.create(null),
    { type: 'object', message: 'no message; its keys: none' },
  ],
  [
    'an error of another realm',
    runInNewContext('new TypeError("from afar")'),
    { type: 'TypeError', message: 'from afar' },
  ],
  ['a DOMException', new DOMException('enough', 'AbortError'), { type: 'AbortError', message: 'enough' }],
  [
    'an error whose cause is no error',
    new Error('outer', { cause: 'inner' }),
    { cause: { type: 'string', message: 'inner' } },
  ],
  ['an error that is its own cause', circle, { message: 'round', cause: { message: 'and round' } }],
  ['an error that holds itself', selfish, { message: 'of itself', errors: [{ message: 'another' }] }],
  [
    'a connection refused at each address',
    refused,
    {
      type: 'AggregateError',
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1',
    },
  ],
  [
    'an error that has a code alone',
    Object.assign(new Error(''), { code: 'ECONNRESET' }),
    { code: 'ECONNRESET', message: 'ECONNRESET' },
  ],
  [
    'an error whose message is no text',
    Object.assign(new Error(), { message: 42 }),
    { type: 'Error', message: '42' },
  ],
  [
    'an error of an event',
    { type: 'error', error: new Error('inside') },
    { type: 'Object', cause: { message: 'inside' } },
  ],
  [
    'two errors, one while the other was dealt with',
    new SuppressedError(new Error('second'), new Error('first'), 'both'),
    { message: 'both', cause: { message: 'second' }, errors: [{ message: 'first' }] },
  ],
  ['an error that does not want to be read', touchy, { type: 'Error' }],
  [
    'something that cannot be read at all',
    revoked,
    { type: 'object', message: 'no message; it cannot be read' },
  ],
];

describe('whatever is thrown', () => {
  it.each(thrown)('is named: %s', (_, value, described) => {
    expect(describeError(value)).toMatchObject(described);
    expect(JSON.stringify(describeError(value))).not.toMatch(/hunter2|secret/);
    expect(isDatabaseUnavailable(value)).toBe(false);
  });

  it.each(thrown)('by a readiness check or a route, the log names it: %s', async (_, value, described) => {
    const { app, logLines } = await serviceUnderTest({ logLevel: 'info' });
    app.addReadinessCheck('odd', async () => {
      throw value;
    });
    app.get('/odd', async () => {
      throw value;
    });
    expect((await app.inject('/ready')).statusCode).toBe(503);
    expect((await app.inject('/odd')).statusCode).toBe(500);
    await app.close();
    const lines = logLines();
    expect(lines.find(({ msg }) => msg === 'not ready')).toMatchObject({ err: described });
    expect(lines.findLast(({ msg }) => msg === 'request failed')).toMatchObject({ err: described });
  });

  it('has a description with an end, however long the chain of causes is', () => {
    let error = new Error('first');
    for (let number = 0; number < 1000; number += 1) error = new Error('next', { cause: error });
    expect(JSON.stringify(describeError(error)).split('"message"').length - 1).toBe(10);
    const wide = new AggregateError(Array.from({ length: 1000 }, () => new Error('one')));
    expect(describeError(wide).errors).toHaveLength(9);
  });
});
