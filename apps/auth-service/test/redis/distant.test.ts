import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { startTestRedis } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startAuthApp } from '../support/auth-app.ts';

// More than the 800 ms of the default are needed for what a new connection asks before it reads.
const oneWayMs = 250;

/** A line to the server that takes as long as one to another continent. Returns its URL. */
async function distantLine(serverUrl: string): Promise<string> {
  const { hostname, port } = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const carry = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (data) => void setTimeout(() => to.writable && to.write(data), oneWayMs));
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on('error', () => {});
  };
  const server = createServer((near) => {
    const far = dial(Number(port), hostname);
    carry(near, far);
    carry(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  return `redis://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

test('auth-service serves with a distant Redis, within the time that its operator gives each command', async () => {
  const server = await startTestRedis();
  onTestFinished(() => server.stop());
  // Until the log of revocations is followed, this does not resolve.
  const auth = await startAuthApp({ env: { REDIS_URL: await distantLine(server.url) } });
  onTestFinished(() => auth.stop());
  await eventually('it is ready', async () => {
    expect((await auth.app.inject('/ready')).statusCode).toBe(200);
  });
});
