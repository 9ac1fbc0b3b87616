import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, refreshing, send, signIn, signingIn, signingOut } from '../src/index.ts';

type Received = { method?: string; url?: string; type?: string; authorization?: string; body: string };

let origin: string;
let received: Received;
let reply: (response: ServerResponse) => void;
const server = createServer(async (request: IncomingMessage, response) => {
  const { 'content-type': type, authorization } = request.headers;
  received = JSON.parse(
    JSON.stringify({
      method: request.method,
      url: request.url,
      type,
      authorization,
      body: await text(request),
    }),
  );
  reply(response);
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const mina = { username: 'mina', password: 'teal-lantern-harbour-42' };
const answering = (status: number, body: string) => {
  reply = (response) => response.writeHead(status).end(body);
};

describe('a request over HTTP', () => {
  it.each([
    [
      signingIn({ ...mina, scope: 'cart:read' }),
      {
        method: 'POST',
        url: '/sessions',
        type: 'application/json',
        body: '{"client_id":"latchkey-cli","username":"mina","password":"teal-lantern-harbour-42","scope":"cart:read"}',
      },
    ],
    [
      refreshing('rt1.a b', { clientId: 'latchkey-mobile' }),
      {
        method: 'POST',
        url: '/token',
        type: 'application/x-www-form-urlencoded',
        body: 'grant_type=refresh_token&client_id=latchkey-mobile&refresh_token=rt1.a+b',
      },
    ],
    [signingOut('t'), { method: 'DELETE', url: '/sessions/current', authorization: 'Bearer t', body: '' }],
    [{ path: '/cart?limit=1' }, { method: 'GET', url: '/cart?limit=1', body: '' }],
  ])('%o', async (request, expected) => {
    answering(204, '');
    await send(origin, request);
    expect(received).toEqual(expected);
  });
});

describe('an answer', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ['', {}],
    ['"text"', {}],
    ['null', {}],
    ['{', {}],
  ])('%s is read', async (text, body) => {
    answering(418, text);
    expect(await send(origin, { path: '/' })).toMatchObject({ status: 418, text, body });
  });

  it('that refuses is an error for a caller that needs a success, and says why', async () => {
    answering(401, '{"code":"invalid_credentials"}');
    await expect(signIn(origin, mina)).rejects.toThrow(
      'POST /sessions was answered 401: {"code":"invalid_credentials"}',
    );
    await expect(ask(origin, { path: '/cart' })).rejects.toThrow('GET /cart was answered 401');
  });

  it('that does not come in time is an error', async () => {
    reply = (response) => setTimeout(() => response.end(), 200);
    await expect(send(origin, { path: '/' }, { timeoutMs: 20 })).rejects.toThrow(/timeout/);
  });
});
