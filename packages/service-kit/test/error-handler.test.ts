import net from 'node:net';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Problem, ProblemError } from '../src/index.ts';
import { type ServiceUnderTest, serviceUnderTest } from './service-under-test.ts';

let service: ServiceUnderTest;
const json = { 'content-type': 'application/json' };

beforeAll(async () => {
  service = await serviceUnderTest();
  const { app } = service;
  const body = Type.Object({ name: Type.String(), count: Type.Optional(Type.Integer()) });
  app.post('/things', { schema: { body } }, async () => ({ ok: true }));
  app.get(
    '/things/:id',
    { schema: { params: Type.Object({ id: Type.Integer() }) } },
    async ({ params }) => params,
  );
  app.get('/broken', async () => {
    throw new Error('connect to 10.0.0.5 as admin failed');
  });
  app.get('/throws-text', async () => {
    throw 'internal text';
  });
  app.get(
    '/wrong-answer',
    { schema: { response: { 200: Type.Object({ id: Type.Integer() }) } } },
    async () => {
      return { id: 'internal text' } as never;
    },
  );
  app.get('/full', async () => {
    throw new ProblemError({
      status: 409,
      code: 'cart_full',
      detail: 'Full.',
      headers: { 'retry-after': '7' },
      extensions: { limit: 100 },
    });
  });
  app.get('/foreign', async () => {
    throw Object.assign(new Error('The token has expired.'), {
      status: 401,
      code: 'invalid_token',
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    });
  });
  app.get('/foreign-unavailable', async () => {
    const error = new Error('fetch http://10.0.0.5 failed');
    throw Object.assign(error, {
      statusCode: 503,
      code: 'keys_unavailable',
      headers: { 'retry-after': '5' },
    });
  });
  app.get('/foreign-exposed', async () => {
    // A lost connection to another service is not a lost database.
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
    const error = new Error('cart-service gave no usable answer.', { cause });
    throw Object.assign(error, {
      status: 502,
      code: 'hop_failed',
      expose: true,
      extensions: { hop: 'cart-service' },
    });
  });
});

afterAll(() => service.app.close());

async function problemOf(options: {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  payload?: string;
  headers?: Record<string, string>;
}) {
  const response = await service.app.inject(options);
  return { response, problem: response.json<Problem & Record<string, unknown>>() };
}

const large = JSON.stringify({ name: 'x'.repeat(2 * 1024 * 1024) });
const refusals: [
  string,
  { method?: 'GET' | 'POST' | 'PUT'; url: string; payload?: string; headers?: Record<string, string> },
  number,
  string,
][] = [
  [
    'an unknown body field',
    { method: 'POST', url: '/things', payload: '{"name":"a","nmae":"b"}', headers: json },
    400,
    'invalid_request',
  ],
  [
    'a missing body field',
    { method: 'POST', url: '/things', payload: '{}', headers: json },
    400,
    'invalid_request',
  ],
  [
    'a number as text',
    { method: 'POST', url: '/things', payload: '{"name":"a","count":"1"}', headers: json },
    400,
    'invalid_request',
  ],
  [
    'a number for text',
    { method: 'POST', url: '/things', payload: '{"name":1}', headers: json },
    400,
    'invalid_request',
  ],
  [
    'an array for an object',
    { method: 'POST', url: '/things', payload: '[]', headers: json },
    400,
    'invalid_request',
  ],
  ['null', { method: 'POST', url: '/things', payload: 'null', headers: json }, 400, 'invalid_request'],
  ['no body', { method: 'POST', url: '/things' }, 400, 'invalid_request'],
  [
    'malformed JSON',
    { method: 'POST', url: '/things', payload: '{"name":', headers: json },
    400,
    'malformed_body',
  ],
  [
    'an empty JSON body',
    { method: 'POST', url: '/things', payload: '', headers: json },
    400,
    'malformed_body',
  ],
  [
    'a __proto__ key',
    { method: 'POST', url: '/things', payload: '{"name":"a","__proto__":{"a":1}}', headers: json },
    400,
    'malformed_body',
  ],
  [
    'an escaped __proto__ key',
    { method: 'POST', url: '/things', payload: '{"name":"a","\\u005f_proto__":{"a":1}}', headers: json },
    400,
    'malformed_body',
  ],
  [
    'a constructor.prototype key',
    { method: 'POST', url: '/things', payload: '{"name":"a","constructor":{"prototype":{}}}', headers: json },
    400,
    'malformed_body',
  ],
  [
    'plain text',
    { method: 'POST', url: '/things', payload: 'name=a', headers: { 'content-type': 'text/plain' } },
    415,
    'unsupported_media_type',
  ],
  [
    'a form',
    {
      method: 'POST',
      url: '/things',
      payload: 'name=a',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    415,
    'unsupported_media_type',
  ],
  [
    'no content type',
    { method: 'POST', url: '/things', payload: '{"name":"a"}' },
    415,
    'unsupported_media_type',
  ],
  ['a 2 MB body', { method: 'POST', url: '/things', payload: large, headers: json }, 413, 'body_too_large'],
  ['an unknown route', { url: '/nothing' }, 404, 'not_found'],
  ['an unknown method', { method: 'PUT', url: '/things' }, 405, 'method_not_allowed'],
  ['a parameter of the wrong type', { url: '/things/abc' }, 400, 'invalid_request'],
  ['a URL that cannot be decoded', { url: '/things/%E0%A4%A' }, 400, 'malformed_url'],
  ['an over-long parameter', { url: `/things/${'1'.repeat(101)}` }, 414, 'malformed_url'],
];

describe('every refusal', () => {
  it.each(refusals)('of %s is a problem document', async (_what, request, status, code) => {
    const { response, problem } = await problemOf(request);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(problem).toMatchObject({
      type: 'about:blank',
      status,
      code,
      instance: response.headers['x-request-id'],
    });
    expect(typeof problem.title).toBe('string');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(response.headers.traceparent).toMatch(/^00-/);
  });

  it('names the methods that a path does take', async () => {
    expect((await problemOf({ method: 'PUT', url: '/things?a=1' })).response.headers.allow).toBe('POST');
    expect((await problemOf({ method: 'DELETE', url: '/things/3' })).response.headers.allow).toBe(
      'GET, HEAD',
    );
  });

  it('does not repeat what was sent', async () => {
    const secret = 'correct-horse-battery';
    for (const payload of [
      `{"name":${secret}`,
      `{"name":"a","${secret}":1}`,
      `{"name":"a","count":"${secret}"}`,
    ]) {
      expect(
        (await problemOf({ method: 'POST', url: '/things', payload, headers: json })).response.body,
      ).not.toContain(secret);
    }
    expect((await problemOf({ url: `/things/${secret}` })).response.body).not.toContain(secret);
    expect((await problemOf({ url: `/${secret}` })).response.body).not.toContain(secret);
  });
});

describe('an internal error', () => {
  it.each(['/broken', '/throws-text', '/wrong-answer'])('at %s tells nothing of the inside', async (url) => {
    const { response, problem } = await problemOf({ url });
    expect(response.statusCode).toBe(500);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(problem.code).toBe('internal_server_error');
    expect(response.body).not.toMatch(/10\.0\.0\.5|internal text|\.ts|at |schema/);
  });

  it('is logged once, with its cause and the request id', async () => {
    const { problem } = await problemOf({ url: '/broken' });
    const lines = service.logLines().filter((line) => line.request_id === problem.instance);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'error',
      status: 500,
      route: '/broken',
      err: { message: 'connect to 10.0.0.5 as admin failed' },
    });
  });
});

describe('an error that a handler throws', () => {
  it('gives a ProblemError its status, code, detail, headers and extensions', async () => {
    const { response, problem } = await problemOf({ url: '/full' });
    expect(problem).toMatchObject({
      status: 409,
      title: 'Conflict',
      code: 'cart_full',
      detail: 'Full.',
      limit: 100,
    });
    expect(response.headers['retry-after']).toBe('7');
  });

  it('understands errors with status, code and headers of other packages', async () => {
    const { response, problem } = await problemOf({ url: '/foreign' });
    expect(problem).toMatchObject({ status: 401, code: 'invalid_token', detail: 'The token has expired.' });
    expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it('keeps the message of a foreign 5xx to itself, but not its headers', async () => {
    const { response, problem } = await problemOf({ url: '/foreign-unavailable' });
    expect(problem).toMatchObject({ status: 503, code: 'keys_unavailable' });
    expect(response.headers['retry-after']).toBe('5');
    expect(response.body).not.toContain('10.0.0.5');
  });

  it('shows the message and the further members of a foreign 5xx that says it may', async () => {
    const { problem } = await problemOf({ url: '/foreign-exposed' });
    const detail = 'cart-service gave no usable answer.';
    expect(problem).toMatchObject({ status: 502, code: 'hop_failed', detail, hop: 'cart-service' });
  });
});

describe('bytes that are not HTTP', () => {
  async function answerTo(bytes: string): Promise<string> {
    const address = new URL(await listening());
    const socket = net.connect(Number(address.port), '127.0.0.1');
    socket.write(bytes);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  }

  let url: Promise<string> | undefined;
  const listening = () => (url ??= service.app.listen({ host: '127.0.0.1', port: 0 }));

  it.each([
    ['rubbish', 'eyJhbGciOiJSUzI1NiJ9.rubbish\r\n\r\n', 400],
    ['a header that never ends', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'two lengths',
      'POST /things HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ])('%s are answered with a problem document', async (_what, bytes, status) => {
    const answer = await answerTo(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ status });
  });
});
