import { once } from 'node:events';
import fastifyWebsocket from '@fastify/websocket';
import { eventually, forThisFile } from '@latchkey/testing';
import Fastify from 'fastify';
import { WebSocket } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { authClient, type Clock } from '../../src/index.ts';
import { createProver, createTestIssuer } from '../../src/testing/index.ts';
import { createTestClock } from '../clock.ts';
import { audience } from '../service.ts';

const issuer = await forThisFile(createTestIssuer({ audience }));
const prover = createProver();

/** A service with an event stream and a WebSocket, which it closes when the session of their token is revoked. */
async function startLongService(clock: Clock = createTestClock()) {
  const app = Fastify();
  const { issuer: iss, jwksUri, revocations } = issuer;
  await app.register(authClient, { issuer: iss, audience, jwksUri, revocations, clock });
  await app.register(fastifyWebsocket);
  const open = new Map<() => void, string>();
  app.authClient.onRevoked((revocation) => {
    for (const [close, sessionId] of open)
      if (revocation.kind === 'session' && revocation.id === sessionId) close();
  });
  const onRequest = app.requireScope('cart:read');
  app.get('/events', { onRequest }, (request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => reply.raw.write(`data: ${request.auth.subject}\n\n`), 10);
    const close = () => reply.raw.end();
    open.set(close, request.auth.sessionId);
    reply.raw.on('close', () => {
      clearInterval(timer);
      open.delete(close);
    });
  });
  app.get('/socket', { onRequest, websocket: true }, (socket, request) => {
    const close = () => socket.close(4401, 'revoked');
    open.set(close, request.auth.sessionId);
    socket.on('close', () => open.delete(close));
    socket.on('message', (data: Buffer) => socket.send(`${request.auth.subject}: ${data}`));
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  await app.authClient.ready();
  return {
    url,
    open,
    async close() {
      for (const close of open.keys()) close();
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

const service = await forThisFile(startLongService());

const mint = (sessionId: string) =>
  issuer.mint({ scope: 'cart:read', sessionId, claims: { cnf: { jkt: prover.thumbprint } } });

/** The headers with a proof for this request; a service without a store wants its nonce. */
function headersFor(
  path: string,
  accessToken: string,
  { nonce, by = prover, at = service }: { nonce?: string; by?: typeof prover; at?: typeof service } = {},
) {
  const url = `${at.url}${path}`;
  return {
    authorization: `DPoP ${accessToken}`,
    dpop: by.prove({ method: 'GET', url, accessToken, nonce }),
  };
}

async function nonceFor(path: string, accessToken: string, at = service): Promise<string> {
  const refused = await fetch(`${at.url}${path}`, { headers: headersFor(path, accessToken, { at }) });
  expect(refused.status).toBe(401);
  return refused.headers.get('dpop-nonce') ?? '';
}

describe('server-sent events', () => {
  const read = (headers: Record<string, string>, signal: AbortSignal | null = null) =>
    fetch(`${service.url}/events`, { headers, signal });

  it('need a proof when they are opened, and none of their events does', async () => {
    const token = mint('events');
    for (const headers of [{}, { authorization: `Bearer ${token}` }, { authorization: `DPoP ${token}` }])
      expect((await read(headers)).status).toBe(401);
    const ending = new AbortController();
    const headers = headersFor('/events', token, { nonce: await nonceFor('/events', token) });
    const response = await read(headers, ending.signal);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const reader = response.body?.getReader();
    for (let event = 0; event < 3; event += 1) {
      const { value } = (await reader?.read()) ?? {};
      expect(Buffer.from(value ?? []).toString()).toContain('data: user-1');
    }
    // Whoever has seen the request cannot open a second stream with it.
    expect((await read(headers)).status).toBe(401);
    ending.abort();
    await eventually('the service has noticed', () => expect(service.open.size).toBe(0));
  });

  it('go on when the token expires, and end when the service ends them for a revoked session', async () => {
    const clock = createTestClock();
    const at = await startLongService(clock);
    onTestFinished(at.close);
    const token = mint('revoked events');
    const nonce = await nonceFor('/events', token, at);
    const open = () => fetch(`${at.url}/events`, { headers: headersFor('/events', token, { nonce, at }) });
    const reader = (await open()).body?.getReader();
    const nextEvent = async () => Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(await nextEvent()).toContain('data:');
    clock.advance(301);
    const refused = await open();
    const challenge = refused.headers.get('www-authenticate');
    expect([refused.status, challenge]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    for (let event = 0; event < 3; event += 1) expect(await nextEvent()).toContain('data:');
    issuer.revoke({ kind: 'session', id: 'revoked events', reason: 'sign_out' });
    for (let done = false; !done; ) done = (await reader?.read())?.done ?? true;
    expect(at.open.size).toBe(0);
  });
});

describe('a WebSocket', () => {
  const connect = (headers: Record<string, string>) =>
    new WebSocket(`${service.url.replace('http', 'ws')}/socket`, { headers });

  const opened = (socket: WebSocket) =>
    new Promise<boolean>((resolve) => {
      socket.addEventListener('open', () => resolve(true));
      socket.addEventListener('error', () => resolve(false));
    });

  it('needs a proof for its handshake: a GET of the http URL', async () => {
    const token = mint('socket');
    const nonce = await nonceFor('/socket', token);
    const good = headersFor('/socket', token, { nonce });
    const bad: Record<string, string>[] = [
      {},
      { authorization: `Bearer ${token}` },
      { authorization: good.authorization },
      headersFor('/events', token, { nonce }),
      headersFor('/socket', token, { nonce, by: createProver() }),
      {
        ...good,
        dpop: prover.prove({
          method: 'GET',
          url: `${service.url.replace('http', 'ws')}/socket`,
          accessToken: token,
          nonce,
        }),
      },
    ];
    for (const headers of bad) expect(await opened(connect(headers))).toBe(false);
    const socket = connect(good);
    expect(await opened(socket)).toBe(true);
    const answered = new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => resolve(data));
    });
    socket.send('hello');
    expect(await answered).toBe('user-1: hello');
    expect(await opened(connect(good))).toBe(false);
    socket.close();
    await eventually('the service has noticed', () => expect(service.open.size).toBe(0));
  });

  it('is closed by the service when its session is revoked', async () => {
    const token = mint('revoked socket');
    const socket = connect(headersFor('/socket', token, { nonce: await nonceFor('/socket', token) }));
    expect(await opened(socket)).toBe(true);
    const closed = once(socket as unknown as EventTarget, 'close');
    issuer.revoke({ kind: 'session', id: 'revoked socket', reason: 'sign_out' });
    const [event] = (await closed) as [CloseEvent];
    expect([event.code, event.reason]).toEqual([4401, 'revoked']);
  });
});
