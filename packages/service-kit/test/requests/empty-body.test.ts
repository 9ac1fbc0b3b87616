import net, { type AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Type } from 'typebox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServiceUnderTest, serviceUnderTest } from '../service-under-test.ts';

let service: ServiceUnderTest;

beforeAll(async () => {
  service = await serviceUnderTest();
  const { app } = service;
  app.delete('/things', async (_request, reply) => reply.code(204).send());
  app.put('/things', { onRequest: () => nextTurn() }, async () => ({ ok: true }));
  app.post('/things', { schema: { body: Type.Object({ name: Type.String() }) } }, async () => ({ ok: true }));
  await app.register(async (forms) => {
    forms.removeAllContentTypeParsers();
    forms.post('/forms', async () => ({ ok: true }));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
});

afterAll(() => service.app.close());

/** Sends bytes, and returns the status of each answer until the connection ends. */
async function statusesOf(bytes: string): Promise<number[]> {
  const socket = net.connect((service.app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(bytes);
  let answers = '';
  for await (const chunk of socket) answers += String(chunk);
  return [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
}

const chunked = (line: string, body: string, headers: Record<string, string> = {}) =>
  [
    `${line} HTTP/1.1`,
    'host: a',
    'transfer-encoding: chunked',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ].join('\r\n');
const end = '0\r\n\r\n';

test.each([
  ['where none is wanted', 'DELETE /things', {}, 204],
  ['where it is looked at late', 'PUT /things', {}, 200],
  ['where forms alone are taken', 'POST /forms', {}, 200],
  ['and is missing where one is wanted', 'POST /things', {}, 400],
  ['but not for JSON', 'POST /things', { 'content-type': 'application/json' }, 400],
])('a chunked body without a byte is none, %s', async (_where, line, headers, status) => {
  expect(await statusesOf(chunked(line, end, { ...headers, connection: 'close' }))).toEqual([status]);
});

test('a chunked body with bytes and without a content type is refused, and the next request is answered', async () => {
  const next = chunked('DELETE /things', end, { connection: 'close' });
  const large = `8000\r\n${'x'.repeat(0x80_00)}\r\n`.repeat(8);
  for (const body of ['1\r\nx\r\n', large])
    expect(await statusesOf(chunked('DELETE /things', body + end) + next)).toEqual([415, 204]);
});
