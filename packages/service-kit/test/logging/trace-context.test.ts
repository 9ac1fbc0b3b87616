import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceUnderTest, serviceUnderTest } from '../service-under-test.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';
let service: ServiceUnderTest;

beforeAll(async () => {
  service = await serviceUnderTest();
  service.app.get('/trace', async (request) => {
    request.log.info('inside the handler');
    return request.traceparent;
  });
});

afterAll(() => service.app.close());

const traceOf = async (traceparent?: string) => {
  const response = await service.app.inject({
    url: '/trace',
    headers: traceparent === undefined ? {} : { traceparent },
  });
  return {
    response,
    trace: response.json<{
      traceId: string;
      parentId: string | null;
      spanId: string;
      flags: string;
      header: string;
    }>(),
  };
};

describe('traceparent', () => {
  it('continues the trace of the caller with a span of its own', async () => {
    const { response, trace } = await traceOf(`00-${traceId}-${parentId}-01`);
    expect(trace).toMatchObject({ traceId, parentId, flags: '01' });
    expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(trace.spanId).not.toBe(parentId);
    expect(trace.header).toBe(`00-${traceId}-${trace.spanId}-01`);
    expect(response.headers.traceparent).toBe(trace.header);
  });

  it('takes a later version of the header by its known part', async () => {
    expect((await traceOf(`cc-${traceId}-${parentId}-01-what-the-future-brings`)).trace.traceId).toBe(
      traceId,
    );
  });

  it.each([
    undefined,
    '',
    'rubbish',
    `00-${'0'.repeat(32)}-${parentId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `ff-${traceId}-${parentId}-01`,
    `00-${traceId.toUpperCase()}-${parentId}-01`,
    `00-${traceId}-${parentId}-01-more`,
    `00-${traceId}-${parentId}-01-${'x'.repeat(10_000)}`,
  ])('starts a new trace for %j', async (header) => {
    const { trace } = await traceOf(header);
    expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(trace.traceId).not.toBe(traceId);
    expect(trace.parentId).toBeNull();
  });

  it('gives each request another trace', async () => {
    const ids = new Set<string>();
    for (let count = 0; count < 1000; count += 1) ids.add((await traceOf()).trace.traceId);
    expect(ids.size).toBe(1000);
  });

  it('is on every log line of the request', async () => {
    const { trace } = await traceOf();
    const lines = service.logLines().filter((line) => line.trace_id === trace.traceId);
    expect(lines.map((line) => line.msg)).toEqual(['inside the handler', 'request completed']);
  });
});

describe('x-request-id', () => {
  const idOf = async (given?: string) => {
    const response = await service.app.inject({
      url: '/live',
      headers: given === undefined ? {} : { 'x-request-id': given },
    });
    return response.headers['x-request-id'];
  };

  it('is kept when it is short and plain', async () => {
    expect(await idOf('checkout-42.a_b')).toBe('checkout-42.a_b');
  });

  it.each([undefined, '', 'a b', 'a"b', 'é', '<script>', 'x'.repeat(65), '{"level":"fatal"}'])(
    'is made anew for %j',
    async (given) => {
      expect(await idOf(given)).toMatch(/^[0-9a-f]{32}$/);
    },
  );

  it('is on the log line and in the problem', async () => {
    const response = await service.app.inject({ url: '/nothing', headers: { 'x-request-id': 'find-me' } });
    expect(response.json()).toMatchObject({ instance: 'find-me' });
    expect(service.logLines().at(-1)).toMatchObject({ request_id: 'find-me', level: 'info', status: 404 });
  });
});
