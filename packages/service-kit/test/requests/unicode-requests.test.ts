import net from 'node:net';
import { Type } from 'typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServiceUnderTest, serviceUnderTest } from '../service-under-test.ts';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await serviceUnderTest({ corsOrigins: ['http://page.example'] });
  service.app.post('/echo', { schema: { body: Type.Unknown() } }, async ({ body }) => ({ body }));
  service.app.get('/things/:id', async ({ params, query }) => ({ params, query }));
});
afterAll(() => service.app.close());

const post = (payload: string | Buffer, type = 'application/json') =>
  service.app.inject({
    method: 'POST',
    url: '/echo',
    payload,
    headers: { 'content-type': type, origin: 'http://page.example' },
  });
const bytes = (...inside: number[]) => Buffer.from([0x22, 0x61, ...inside, 0x22]);

describe('a body that is not Unicode is refused, and nothing in it is changed', () => {
  test.each<[string, string | Buffer]>([
    ['a byte that begins nothing', bytes(0xff)],
    ['half a character', bytes(0xc3)],
    ['an overlong encoding', bytes(0xc0, 0xaf)],
    ['a surrogate in UTF-8', bytes(0xed, 0xa0, 0x80)],
    ['Latin-1, as its type says', bytes(0xe9)],
    ['UTF-16', Buffer.from('"a"', 'utf16le')],
    ['a lone high surrogate', '"\\ud800"'],
    ['a lone low surrogate', '"\\uDC00 a"'],
    ['surrogates in the wrong order', '"\\udc00\\ud800"'],
    ['one in a name', '{"a\\ud800":1}'],
    ['one deep inside', '{"a":[{"b":[1,"\\uDbFf"]}]}'],
    ['one nested deeper than a stack', `${'['.repeat(15_000)}"\\ud800"${']'.repeat(15_000)}`],
    ['one after a backslash', '"\\\\\\ud800"'],
  ])('%s', async (what, payload) => {
    const answer = await post(
      payload,
      what.startsWith('Latin') ? 'application/json; charset=iso-8859-1' : undefined,
    );
    expect(answer.json()).toMatchObject({ status: 400, code: 'malformed_body' });
    expect(answer.headers['access-control-allow-origin']).toBe('http://page.example');
  });
});

test.each<[string, string, unknown]>([
  ['a pair of surrogates', '"\\ud83d\\ude00"', '😀'],
  ['a backslash before what looks like one', '"\\\\ud800"', '\\ud800'],
  ['characters of every length', '"aé전📱"', 'aé전📱'],
  // RFC 8259 §8.1 lets a parser ignore it.
  ['JSON after a byte order mark', '\ufeff"a"', 'a'],
  ['escapes', '{"\\u0061":["\\n\\t\\"\\\\\\/"]}', { a: ['\n\t"\\/'] }],
  ['a noncharacter', '"\\uffff"', '\uffff'],
])('%s is taken as it is', async (_what, payload, body) => {
  expect((await post(payload)).json()).toEqual({ body });
});

describe('a URL that is not Unicode is refused', () => {
  test.each([
    '/things/%ff',
    '/things/a?q=%ff',
    '/things/a?%c0%af=1',
    '/things/a?q=%ed%a0%80',
    '/things/a?q=%4',
    '/nothing?q=%ff',
  ])('%s', async (url) => {
    const answer = await service.app.inject({ url });
    expect(answer.json()).toMatchObject({ status: 400, code: 'malformed_url' });
  });

  test('bytes that are not ASCII', async () => {
    const address = new URL(await service.app.listen({ host: '127.0.0.1', port: 0 }));
    const socket = net.connect(Number(address.port), '127.0.0.1');
    socket.write(
      Buffer.from(
        'GET /things/caf\u00e9?q=\u00e9 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
        'latin1',
      ),
    );
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });

  test('but not one that is', async () => {
    const answer = await service.app.inject({ url: '/things/%EC%A0%84?q=%F0%9F%93%B1+%2B' });
    expect(answer.json()).toEqual({ params: { id: '전' }, query: { q: '📱 +' } });
  });
});
