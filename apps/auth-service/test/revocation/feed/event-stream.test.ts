import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { maxUnsentBytes, openEventStream } from '../../../src/revocation/feed/event-stream.ts';

let server: Server;
let socket: Socket;
let response: ServerResponse;
beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const requested = once(server, 'request');
  socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  [, response] = (await requested) as [unknown, ServerResponse];
});
afterEach(() => {
  socket.destroy();
  server.close();
});

const chunk = Buffer.alloc(64 * 1024, 'x');

/** Writes to a stream that no one reads, until the sockets' buffers are full and this much waits here. */
async function fill(stream: ReturnType<typeof openEventStream>, bytes: number): Promise<void> {
  while (stream.unsentBytes < bytes) {
    expect(stream.write(chunk)).toBe(true);
    // The system takes what it can within a turn or two of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('a reader that does not read is cut off at the bound, and no more than that ever waits', async () => {
  const stream = openEventStream(response, {});
  let most = 0;
  while (stream.write(chunk)) most = Math.max(most, stream.unsentBytes);
  expect([stream.isOpen, most <= maxUnsentBytes]).toEqual([false, true]);
  await stream.closed;
  expect(stream.write(chunk)).toBe(true);
});

test('ending does not wait for ever for a reader that does not read', async () => {
  const stream = openEventStream(response, {});
  await fill(stream, maxUnsentBytes / 2);
  stream.end();
  await stream.closed;
  expect(stream.isOpen).toBe(false);
});

test('a writer that waits for a reader goes on when it reads, and when it hangs up', async () => {
  const stream = openEventStream(response, {});
  await fill(stream, chunk.length);
  const drained = stream.untilDrained();
  socket.resume();
  await drained;
  socket.pause();
  await fill(stream, chunk.length);
  const waiting = stream.untilDrained();
  socket.destroy();
  await waiting;
  await stream.closed;
  expect(stream.isOpen).toBe(false);
});

test('a stream whose reader has hung up already is closed from the start', async () => {
  socket.destroy();
  await once(response, 'close');
  const stream = openEventStream(response, {});
  await stream.closed;
  expect(stream.isOpen).toBe(false);
  stream.end();
  stream.breakOff();
});
