import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/index.ts';
import { problemOf, type ServiceUnderTest, serviceUnderTest } from '../service-under-test.ts';

let service: ServiceUnderTest;

beforeAll(async () => {
  service = await serviceUnderTest();
  const { app } = service;
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
    // A lost connection to another service does not mean a lost database.
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

describe('an internal error', () => {
  it.each(['/broken', '/throws-text', '/wrong-answer'])('at %s reveals no internals', async (url) => {
    const { response, problem } = await problemOf(service, { url });
    expect(response.statusCode).toBe(500);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(problem.code).toBe('internal_server_error');
    expect(response.body).not.toMatch(/10\.0\.0\.5|internal text|\.ts|at |schema/);
  });

  it('is logged once, with its cause and the request id', async () => {
    const { problem } = await problemOf(service, { url: '/broken' });
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
    const { response, problem } = await problemOf(service, { url: '/full' });
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
    const { response, problem } = await problemOf(service, { url: '/foreign' });
    expect(problem).toMatchObject({ status: 401, code: 'invalid_token', detail: 'The token has expired.' });
    expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it('keeps the message of a foreign 5xx to itself, but not its headers', async () => {
    const { response, problem } = await problemOf(service, { url: '/foreign-unavailable' });
    expect(problem).toMatchObject({ status: 503, code: 'keys_unavailable' });
    expect(response.headers['retry-after']).toBe('5');
    expect(response.body).not.toContain('10.0.0.5');
  });

  it('shows the message and the further members of a foreign 5xx that says it may', async () => {
    const { problem } = await problemOf(service, { url: '/foreign-exposed' });
    const detail = 'cart-service gave no usable answer.';
    expect(problem).toMatchObject({ status: 502, code: 'hop_failed', detail, hop: 'cart-service' });
  });
});
