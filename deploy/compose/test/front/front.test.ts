import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startFront } from '../../src/front/front.ts';
import { createReadiness } from '../../src/front/readiness.ts';
import { createReplicas, type ReplicasOptions } from '../../src/front/replicas.ts';
import { type ReplicaServer, startReplica } from './replica-server.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function replica(host: string, answer: RequestListener, port = 0): Promise<ReplicaServer> {
  const server = await startReplica(host, answer, port);
  cleanups.push(server.stop);
  return server;
}

async function front(
  port: number,
  hosts: string[],
  options: Pick<ReplicasOptions, 'patienceMs' | 'stateOf'> & { drainMs?: number } = {},
) {
  const replicas = createReplicas({ port, addresses: async () => hosts, ...options });
  const started = await startFront({ port: 0, replicas, ...options });
  cleanups.push(() => started.close());
  return started;
}

/** Sends a request on its own connection, and resolves to the answer. */
async function ask(port: number, path = '/'): Promise<string> {
  const sent = httpRequest({ port, path, agent: false });
  // If the connection breaks amid the answer, reading the answer fails as well.
  sent.on('error', () => {});
  sent.end();
  const [response] = await once(sent, 'response');
  return text(response);
}

const named =
  (name: string): RequestListener =>
  (_, response) =>
    void response.end(name);

describe('the front', () => {
  it('gives each connection to the next replica', async () => {
    const { port } = await replica('127.0.0.1', named('a'));
    await replica('127.0.0.2', named('b'), port);
    await replica('127.0.0.3', named('c'), port);
    const { port: published } = await front(port, ['127.0.0.3', '127.0.0.1', '127.0.0.2']);
    const answers = [];
    for (let turn = 0; turn < 9; turn++) answers.push(await ask(published));
    expect(answers.join('')).toBe('abcabcabc');
  });

  it('passes over a replica that does not accept', async () => {
    const { port } = await replica('127.0.0.1', named('a'));
    const { port: published } = await front(port, ['127.0.0.1', '127.0.0.2']);
    for (let turn = 0; turn < 4; turn++) expect(await ask(published)).toBe('a');
  });

  it('gives no connection to a replica that is not ready, unless there is no other', async () => {
    let isReady = true;
    const sometimes: RequestListener = (request, response) =>
      void response.writeHead(request.url === '/ready' && !isReady ? 503 : 200).end('a');
    const { port } = await replica('127.0.0.1', sometimes);
    const { stop } = await replica('127.0.0.2', named('b'), port);
    const stateOf = createReadiness({ port, keepMs: 0 });
    const { port: published } = await front(port, ['127.0.0.1', '127.0.0.2'], { stateOf });
    const both = [await ask(published), await ask(published)];
    expect(both.toSorted()).toEqual(['a', 'b']);
    isReady = false;
    for (let turn = 0; turn < 4; turn++) expect(await ask(published)).toBe('b');
    await stop();
    expect(await ask(published)).toBe('a');
  });

  it('lets a connection wait while the only replica is closing', async () => {
    const closing: RequestListener = (request, response) => {
      if (request.url !== '/ready') return void response.end('before');
      asked();
      response.writeHead(503).end(JSON.stringify({ code: 'not_ready', failing: ['closing'] }));
    };
    const { promise: wasAsked, resolve: asked } = Promise.withResolvers<void>();
    const before = await startReplica('127.0.0.1', closing);
    const stateOf = createReadiness({ port: before.port, keepMs: 0 });
    const { port: published } = await front(before.port, ['127.0.0.1'], { stateOf });
    const answer = ask(published);
    await wasAsked;
    await before.stop();
    await replica('127.0.0.1', named('after'), before.port);
    expect(await answer).toBe('after');
  });

  it('lets a connection wait for the only replica to come back', async () => {
    const gone = await startReplica('127.0.0.1', named('before'));
    const { port: published } = await front(gone.port, ['127.0.0.1']);
    await gone.stop();
    const answer = ask(published);
    await delay(200);
    await replica('127.0.0.1', named('after'), gone.port);
    expect(await answer).toBe('after');
  });

  it('hangs up when no replica accepts within its patience', async () => {
    const gone = await startReplica('127.0.0.1', named('never'));
    await gone.stop();
    const { port: published } = await front(gone.port, ['127.0.0.1'], { patienceMs: 100 });
    await expect(ask(published)).rejects.toThrow(/ECONNRESET|socket hang up/);
  });

  it('chooses a replica only when the client sends something', async () => {
    const { port } = await replica('127.0.0.1', named('later'));
    const chosen: AbortSignal[] = [];
    const replicas = createReplicas({ port, addresses: async () => ['127.0.0.1'] });
    const choosing = {
      connect: (signal: AbortSignal) => {
        chosen.push(signal);
        return replicas.connect(signal);
      },
    };
    const { port: published, close } = await startFront({ port: 0, replicas: choosing });
    cleanups.push(close);
    const socket = connect({ port: published, allowHalfOpen: true });
    await once(socket, 'connect');
    await delay(100);
    expect(chosen).toHaveLength(0);
    socket.end('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await text(socket)).toMatch(/later$/);
  });

  it('passes bytes on as they are, both ways', async () => {
    const { port } = await replica('127.0.0.1', async (request, response) => {
      response.end(await buffer(request));
    });
    const { port: published } = await front(port, ['127.0.0.1']);
    const body = randomBytes(3_000_000);
    const answer = await fetch(`http://127.0.0.1:${published}`, { method: 'POST', body });
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(digest(Buffer.from(await answer.arrayBuffer()))).toBe(digest(body));
  });

  it('passes a half-closed connection on as such', async () => {
    const { port } = await replica('127.0.0.1', named('answered'));
    const { port: published } = await front(port, ['127.0.0.1']);
    const socket = connect({ port: published, allowHalfOpen: true });
    socket.end('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await text(socket)).toMatch(/answered$/);
  });

  it('breaks the connection of a client whose replica died amid an answer', async () => {
    const { port } = await replica('127.0.0.1', (request, response) => {
      response.write('half of');
      setTimeout(() => request.socket.resetAndDestroy(), 20);
    });
    const { port: published } = await front(port, ['127.0.0.1']);
    await expect(ask(published)).rejects.toThrow(/ECONNRESET|aborted|terminated/);
  });
});

describe('a front that closes', () => {
  it('lets a request under way be answered, and hangs up on idle connections at once', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const { port } = await replica('127.0.0.1', async (request, response) => {
      if (request.url === '/slow') {
        asked.resolve();
        await answer.promise;
      }
      response.end(request.url);
    });
    const closing = await front(port, ['127.0.0.1']);
    const idle = connect(closing.port);
    idle.write('GET /idle HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(idle, 'data');
    const slow = ask(closing.port, '/slow');
    await asked.promise;
    const closed = closing.close();
    await once(idle, 'close');
    answer.resolve();
    expect(await slow).toBe('/slow');
    await closed;
    await expect(ask(closing.port)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('answers a request that reached it before it hangs up, however late it looks', async () => {
    const { port } = await replica('127.0.0.1', named('answered'));
    const closing = await front(port, ['127.0.0.1']);
    const client = connect(closing.port);
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(client, 'data');
    const closed = closing.close();
    // Timers come after it, and only then what has arrived meanwhile.
    await nextTurn();
    client.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    expect(await text(client)).toMatch(/answered$/);
    await closed;
  });

  it('does not wait for ever', async () => {
    const { promise: hasCome, resolve: comes } = Promise.withResolvers<void>();
    const { port } = await replica('127.0.0.1', () => comes());
    const closing = await front(port, ['127.0.0.1'], { drainMs: 200 });
    const asked = ask(closing.port).catch((error: Error) => error.message);
    await hasCome;
    await closing.close();
    expect(await asked).toMatch(/ECONNRESET|hang up/);
  });
});
