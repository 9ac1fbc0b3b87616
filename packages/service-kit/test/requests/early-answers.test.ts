import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually } from '@latchkey/testing';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceUnderTest, serviceUnderTest } from '../service-under-test.ts';

const shop = 'http://shop.test';
const admin = 'http://admin.test:8443';

let service: ServiceUnderTest;
let port: number;
/** The server's sides of all connections, by the client's port. */
const accepted = new Map<number | undefined, net.Socket>();

beforeAll(async () => {
  service = await serviceUnderTest({ corsOrigins: [shop, admin] });
  port = await listen(service);
});
afterAll(() => service.app.close());

async function listen({ app }: ServiceUnderTest): Promise<number> {
  app.post('/things', { schema: { body: Type.Object({ name: Type.String() }) } }, async () => ({ ok: true }));
  app.get('/things/:id', async ({ params }) => params);
  app.get('/broken', async () => {
    throw new Error('internal');
  });
  app.get('/busy', async () => {
    throw Object.assign(new Error('busy'), { statusCode: 503 });
  });
  app.get('/slow', async () => {
    await nextTurn();
    return { slow: true };
  });
  // Waits until ten malformed requests have followed, then answers with the number of requests that wait for it.
  app.get('/held', async (_request, { raw }) => {
    const before = raw.listenerCount('close');
    for (let refused = 0; refused < 10; refused += 1) await once(app.server, 'clientError');
    return { waiting: raw.listenerCount('close') - before };
  });
  app.get('/endless', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write('data: first\n\n');
  });
  app.server.on('connection', (socket: net.Socket) => accepted.set(socket.remotePort, socket));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

type RawAnswer = {
  status: number;
  headers: Record<string, string>;
  body: string;
  text: string;
};

/** Sends these bytes piece by piece, and reads until the connection ends. */
async function send(to: number, ...pieces: string[]): Promise<RawAnswer> {
  const socket = net.connect(to, '127.0.0.1').setNoDelay(true);
  let text = '';
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, 'latin1', resolve));
    await eventually('the server has read it, apart from the next piece', () => {
      const { bytesRead = 0, destroyed = false } = accepted.get(socket.localPort) ?? {};
      expect(destroyed || bytesRead === socket.bytesWritten).toBe(true);
    });
  }
  for await (const chunk of socket) text += String(chunk);
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const [name = '', ...rest] = line.split(':');
    return [name.toLowerCase(), rest.join(':').trim()] as const;
  });
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body, text };
}

const from = (origin: string) => `host: a\r\norigin: ${origin}\r\n`;
const close = 'connection: close\r\n\r\n';
const large = (bytes: number) => `cookie: other_app=${'x'.repeat(bytes)}\r\n`;
const json = 'content-type: application/json\r\n';

/** Each with the request head of a page from an allowed origin. */
const refusals: [string, number, (origin: string) => string[]][] = [
  ['headers of 17 KB', 431, (o) => [`POST /things HTTP/1.1\r\n${from(o)}${large(17_000)}\r\n`]],
  ['headers of 17 KB, the origin last', 431, (o) => [`GET / HTTP/1.1\r\n${large(17_000)}${from(o)}\r\n`]],
  [
    'headers of 17 KB in several packets',
    431,
    (o) => [`GET / HTTP/1.1\r\n${from(o)}`, large(17_000), '\r\n'],
  ],
  ['headers of 100 KB', 431, (o) => [`GET / HTTP/1.1\r\n${from(o)}${large(100_000)}\r\n`]],
  [
    'headers of 200 KB in several packets',
    431,
    (o) => [`GET / HTTP/1.1\r\n${from(o)}`, large(100_000), large(100_000), '\r\n'],
  ],
  ['1,001 headers', 431, (o) => [`GET / HTTP/1.1\r\n${from(o)}${'a: b\r\n'.repeat(999)}\r\n`]],
  ['headers of 17 KB to no route', 431, (o) => [`GET /nothing HTTP/1.1\r\n${from(o)}${large(17_000)}\r\n`]],
  ['a malformed URL', 400, (o) => [`GET /things/%E0%A4%A HTTP/1.1\r\n${from(o)}${close}`]],
  ['a URL that is not ASCII', 400, (o) => [`GET /\xe9 HTTP/1.1\r\n${from(o)}${close}`]],
  ['an over-long parameter', 414, (o) => [`GET /things/${'1'.repeat(101)} HTTP/1.1\r\n${from(o)}${close}`]],
  ['a malformed method', 400, (o) => [`FOO /things HTTP/1.1\r\n${from(o)}${close}`]],
  ['a malformed header', 400, (o) => [`GET / HTTP/1.1\r\n${from(o)}no colon here\r\n\r\n`]],
  ['another version', 400, (o) => [`GET / HTTP/3.0\r\n${from(o)}${close}`]],
  ['no host', 400, (o) => [`GET /live HTTP/1.1\r\norigin: ${o}\r\n${close}`]],
  [
    'a content-length that is none',
    400,
    (o) => [`POST /things HTTP/1.1\r\n${from(o)}content-length: x\r\n\r\n`],
  ],
  [
    'two lengths',
    400,
    (o) => [
      `POST /things HTTP/1.1\r\n${from(o)}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
  ],
  [
    'a body that goes wrong after its head',
    400,
    (o) => [`POST /things HTTP/1.1\r\n${from(o)}${json}transfer-encoding: chunked\r\n\r\n`, 'ZZ\r\n'],
  ],
  [
    'a body that is too large',
    413,
    (o) => [`POST /things HTTP/1.1\r\n${from(o)}${json}content-length: 999999\r\n${close}`],
  ],
  ['an expectation', 417, (o) => [`POST /things HTTP/1.1\r\n${from(o)}expect: a-miracle\r\n${close}`]],
  ['a method without a route', 405, (o) => [`PROPFIND /things HTTP/1.1\r\n${from(o)}${close}`]],
  [
    'an upgrade',
    404,
    (o) => [`GET / HTTP/1.1\r\n${from(o)}upgrade: websocket\r\nconnection: upgrade, close\r\n\r\n`],
  ],
  ['no route', 404, (o) => [`GET /nothing HTTP/1.1\r\n${from(o)}${close}`]],
  ['OPTIONS without a route', 404, (o) => [`OPTIONS /nothing HTTP/1.1\r\n${from(o)}${close}`]],
  ['a fault of ours', 500, (o) => [`GET /broken HTTP/1.1\r\n${from(o)}${close}`]],
  ['something busy', 503, (o) => [`GET /busy HTTP/1.1\r\n${from(o)}${close}`]],
];

describe.each(refusals)('%s', (_what, status, request) => {
  it(`is ${status} for pages to read, with a request id that stands in the log`, async () => {
    const { headers, body, ...answer } = await send(port, ...request(admin));
    expect(answer.status).toBe(status);
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'access-control-allow-origin': admin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'x-request-id, traceparent, retry-after, www-authenticate, dpop-nonce',
      vary: 'Origin',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      traceparent: expect.stringMatching(/^00-/),
    });
    const id = headers['x-request-id'] ?? 'none';
    expect(JSON.parse(body)).toMatchObject({ status, instance: id, code: expect.any(String) });
    expect(service.logLines()).toContainEqual(expect.objectContaining({ request_id: id, status }));
  });

  it('tells pages of other origins nothing', async () => {
    const { headers, ...answer } = await send(port, ...request('http://evil.test'));
    expect(answer.status).toBe(status);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('a request that cannot be read', () => {
  it('names no origin where several are allowed, and the only one where it is the only one', async () => {
    const alone = await serviceUnderTest({ corsOrigins: [shop] });
    const closed = await serviceUnderTest();
    const rubbish = 'rubbish\r\n\r\n';
    try {
      const allowed = async (to: number, bytes = rubbish) =>
        (await send(to, bytes)).headers['access-control-allow-origin'];
      expect(await allowed(port)).toBeUndefined();
      expect(await allowed(await listen(alone))).toBe(shop);
      expect(await allowed(await listen(closed))).toBeUndefined();
    } finally {
      await alone.app.close();
      await closed.app.close();
    }
  });

  it('is readable for the origin that used the connection last', async () => {
    const { text } = await send(port, `GET /live HTTP/1.1\r\n${from(shop)}\r\n`, 'rubbish\r\n\r\n');
    const second = text.slice(text.lastIndexOf('HTTP/1.1 '));
    expect(second).toMatch(/^HTTP\/1\.1 400 /);
    expect(second).toContain(`access-control-allow-origin: ${shop}`);
  });

  it('waits for the answers to the requests before it, in one packet too', async () => {
    const good = `GET /slow HTTP/1.1\r\n${from(shop)}\r\n`;
    const { text } = await send(port, `${good}${good}rubbish\r\n\r\n`);
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '200',
      '400',
    ]);
    expect(text.split('{"slow":true}')).toHaveLength(3);
  });

  it('is refused once, however much more of it comes', async () => {
    const more = Array.from({ length: 12 }, () => 'more\r\n\r\n');
    const held = `GET /held HTTP/1.1\r\n${from(shop)}\r\n`;
    const { text } = await send(port, held, 'rubbish\r\n\r\n', ...more);
    expect(text).toContain('{"waiting":1}');
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '400']);
  });

  it('is 408 where a body does not come, readable for the sender of the head', async () => {
    const connected = new Promise<net.Socket>((resolve) => service.app.server.once('connection', resolve));
    const answer = send(port, `POST /things HTTP/1.1\r\n${from(shop)}${json}content-length: 9\r\n\r\n{`);
    const socket = await connected;
    // node:http emits this when a request times out, which would take half a minute.
    const timeUp = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    await eventually('the head has been read', () => expect(socket.bytesRead).toBeGreaterThan(80));
    setImmediate(() => service.app.server.emit('clientError', timeUp, socket));
    const { status, headers } = await answer;
    expect([status, headers['access-control-allow-origin']]).toEqual([408, shop]);
  });

  it('hangs up, and writes nothing into an answer that has begun', async () => {
    const socket = net.connect(port, '127.0.0.1');
    socket.write(`GET /endless HTTP/1.1\r\n${from(shop)}\r\n`);
    let text = '';
    for await (const chunk of socket) {
      if (text === '') socket.write('rubbish\r\n\r\n');
      text += String(chunk);
    }
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toMatch(/data: first\n\n\s*$/);
  });

  it('keeps a plain request id of the client', async () => {
    const { headers } = await send(
      port,
      `GET / HTTP/1.1\r\n${from(shop)}x-request-id: mine-7\r\nbad\r\n\r\n`,
    );
    expect(headers['x-request-id']).toBe('mine-7');
    const other = await send(port, `GET / HTTP/1.1\r\nx-request-id: ${'<x>'.repeat(9)}\r\nbad\r\n\r\n`);
    expect(other.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is 405 for a client that uses us as a proxy', async () => {
    expect((await send(port, 'CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n')).status).toBe(405);
  });
});

describe('OPTIONS', () => {
  const options = async (path: string, headers = '') =>
    send(port, `OPTIONS ${path} HTTP/1.1\r\nhost: a\r\n${headers}${close}`);

  it('names the methods of a path, with an Origin and without', async () => {
    for (const origin of ['', `origin: ${shop}\r\n`]) {
      const { status, headers, body } = await options('/things?a=1', origin);
      expect([status, headers.allow, body]).toEqual([204, 'POST, OPTIONS', '']);
      expect(headers['access-control-allow-origin']).toBe(origin === '' ? undefined : shop);
      expect(headers['x-request-id']).toBeDefined();
    }
    expect((await options('/things/7')).headers.allow).toBe('GET, HEAD, OPTIONS');
    expect((await options('*')).status).toBe(204);
  });

  it('is a preflight when it says so', async () => {
    const asked = 'access-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n';
    const { status, headers } = await options('/things', `origin: ${shop}\r\n${asked}`);
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': shop,
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'authorization',
    });
    // Without an Origin it is not a preflight: no page sent it. An empty header counts as none.
    for (const head of [
      asked,
      `origin:\r\n${asked}`,
      `origin: ${shop}\r\naccess-control-request-method:\r\n`,
    ]) {
      const answer = await options('/things', head);
      expect([answer.status, answer.headers.allow], head).toEqual([204, 'POST, OPTIONS']);
    }
  });

  it.each(['/things/%zz', '/things/%E0%A4%A', '/%', '/things/%ff?a=1', 'http://a/things/%zz'])(
    'as a preflight of %s is what it is of any URL, or the page could not read that the URL is malformed',
    async (path) => {
      for (const origin of [shop, 'http://evil.test']) {
        const head = `origin: ${origin}\r\naccess-control-request-method: POST\r\n`;
        const [good, malformed] = [await options('/things', head), await options(path, head)];
        const own = {
          'x-request-id': expect.any(String),
          traceparent: expect.any(String),
          date: expect.any(String),
        };
        expect([malformed.status, malformed.headers]).toEqual([204, { ...good.headers, ...own }]);
      }
      const { status, headers, body } = await send(port, `POST ${path} HTTP/1.1\r\n${from(shop)}${close}`);
      expect([status, headers['access-control-allow-origin']]).toEqual([400, shop]);
      expect(JSON.parse(body)).toMatchObject({ code: 'malformed_url' });
      // An OPTIONS that is no preflight is a real request.
      expect((await options(path, `origin: ${shop}\r\n`)).status).toBe(400);
    },
  );

  it('is answered alike where no origin is allowed', async () => {
    const { app } = await serviceUnderTest();
    app.get('/things', async () => ({}));
    const answer = await app.inject({ method: 'OPTIONS', url: '/things' });
    expect([answer.statusCode, answer.headers.allow]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect((await app.inject({ method: 'OPTIONS', url: '/no' })).json()).toMatchObject({ code: 'not_found' });
    await app.close();
  });
});

describe('a target in absolute form (RFC 9112 §3.2.2)', () => {
  const ask = (target: string, to = port, headers = '') =>
    send(to, `${target} HTTP/1.1\r\nhost: a\r\n${headers}${close}`);

  it('is answered as its path is', async () => {
    expect((await ask('GET http://a/things/7?x=y')).body).toBe('{"id":"7"}');
    expect((await ask('GET HTTPS://a:8443/things/7')).status).toBe(200);
    expect((await ask('OPTIONS http://a/things')).headers.allow).toBe('POST, OPTIONS');
    expect((await ask('PUT http://a/things')).status).toBe(405);
    for (const target of ['http://a', 'http://a?x=/live'])
      expect((await ask(`GET ${target}`)).status).toBe(404);
    // RFC 9112 §3.2.4
    expect((await ask('OPTIONS http://a')).status).toBe(204);
  });

  it('also below a base path, and for the pages of any origin', async () => {
    const other = await serviceUnderTest({
      basePath: { path: '/auth', setting: 'ISSUER' },
      openPaths: ['/things/7'],
    });
    const otherPort = await listen(other);
    for (const target of ['http://a/auth/things/7', 'http://a/things/7', '/auth/things/7']) {
      const { status, headers } = await ask(`GET ${target}`, otherPort, `origin: ${shop}\r\n`);
      expect([status, headers['access-control-allow-origin']], target).toEqual([200, '*']);
    }
    expect((await ask('GET http://a/metrics', otherPort)).status).toBe(404);
    await other.app.close();
  });
});
