import { expect, test } from 'vitest';
import { readProblem, retryAfterSecondsOf } from '../src/problem.ts';

test('a problem document is read', async () => {
  const body = { code: 'session_ended', detail: 'Sign in again.', reason: 'displaced', status: 401 };
  expect(await readProblem(Response.json(body, { status: 401 }))).toEqual({
    code: 'session_ended',
    detail: 'Sign in again.',
    reason: 'displaced',
  });
});

test.each(['', '<html>', 'null', '[]', '"text"', '{"code":7,"reason":{}}'])(
  'there is none in %j',
  async (body) => {
    expect(await readProblem(new Response(body, { status: 502 }))).toEqual({
      code: null,
      detail: null,
      reason: null,
    });
  },
);

test.each([
  ['5', 5],
  ['0', 0],
  ['Thu, 01 Jan 1970 00:01:40 GMT', 40],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
  ['-1', undefined],
])('Retry-After: %s is %s seconds', (value, seconds) => {
  const response = new Response(null, { headers: { 'retry-after': value } });
  expect(retryAfterSecondsOf(response, 60_000)).toBe(seconds);
});

test('without Retry-After there are none', () => {
  expect(retryAfterSecondsOf(new Response(), 0)).toBeUndefined();
});
