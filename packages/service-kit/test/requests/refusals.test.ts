import net from 'node:net';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ProblemRequest,
  problemOf,
  type ServiceUnderTest,
  serviceUnderTest,
} from '../service-under-test.ts';

let service: ServiceUnderTest;

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
});

afterAll(() => service.app.close());

const post = (payload: string, type = 'application/json'): ProblemRequest => ({
  method: 'POST',
  url: '/things',
  payload,
  headers: { 'content-type': type },
});

const large = JSON.stringify({ name: 'x'.repeat(2 * 1024 * 1024) });
const refusals: [string, ProblemRequest, number, string][] = [
  ['an unknown body field', post('{"name":"a","nmae":"b"}'), 400, 'invalid_request'],
  ['a missing body field', post('{}'), 400, 'invalid_request'],
  ['a number as text', post('{"name":"a","count":"1"}'), 400, 'invalid_request'],
  ['a number for text', post('{"name":1}'), 400, 'invalid_request'],
  ['an array for an object', post('[]'), 400, 'invalid_request'],
  ['null', post('null'), 400, 'invalid_request'],
  ['no body', { method: 'POST', url: '/things' }, 400, 'invalid_request'],
  ['malformed JSON', post('{"name":'), 400, 'malformed_body'],
  ['an empty JSON body', post(''), 400, 'malformed_body'],
  ['a __proto__ key', post('{"name":"a","__proto__":{"a":1}}'), 400, 'malformed_body'],
  ['an escaped __proto__ key', post('{"name":"a","\\u005f_proto__":{"a":1}}'), 400, 'malformed_body'],
  ['a constructor.prototype key', post('{"name":"a","constructor":{"prototype":{}}}'), 400, 'malformed_body'],
  ['plain text', post('name=a', 'text/plain'), 415, 'unsupported_media_type'],
  ['a form', post('name=a', 'application/x-www-form-urlencoded'), 415, 'unsupported_media_type'],
  [
    'no content type',
    { method: 'POST', url: '/things', payload: '{"name":"a"}' },
    415,
    'unsupported_media_type',
  ],
  ['a 2 MB body', post(large), 413, 'body_too_large'],
  ['an unknown route', { url: '/nothing' }, 404, 'not_found'],
  ['an unknown method', { method: 'PUT', url: '/things' }, 405, 'method_not_allowed'],
  ['a parameter of the wrong type', { url: '/things/abc' }, 400, 'invalid_request'],
  ['a URL that cannot be decoded', { url: '/things/%E0%A4%A' }, 400, 'malformed_url'],
  ['an over-long parameter', { url: `/things/${'1'.repeat(101)}` }, 414, 'malformed_url'],
];

describe('every refusal', () => {
  it.each(refusals)('of %s is a problem document', async (_what, request, status, code) => {
    const { response, problem } = await problemOf(service, request);
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
    expect((await problemOf(service, { method: 'PUT', url: '/things?a=1' })).response.headers.allow).toBe(
      'POST',
    );
    expect((await problemOf(service, { method: 'DELETE', url: '/things/3' })).response.headers.allow).toBe(
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
      expect((await problemOf(service, post(payload))).response.body).not.toContain(secret);
    }
    expect((await problemOf(service, { url: `/things/${secret}` })).response.body).not.toContain(secret);
    expect((await problemOf(service, { url: `/${secret}` })).response.body).not.toContain(secret);
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
