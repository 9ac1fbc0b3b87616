import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { DevStackError } from '../errors.ts';

// Below what systems hand out to outgoing connections, so that none of those takes the port before it is used.
const lowest = 20_000;
const count = 12_000;
/** Test files that run side by side have ports of their own: what one has chosen and does not use yet, no other takes. */
const workers = 8;
let turn = randomInt(count);

/**
 * A loopback port that was free a moment ago, and not the same again for long. Another process may take it before it is
 * used: callers that start a server on it try again with another when the server says so.
 *
 * @example const port = await freePort();
 */
export async function freePort(): Promise<number> {
  const worker = process.env['VITEST_POOL_ID'];
  const [from, size] =
    worker === undefined ? [0, count] : [(Number(worker) % workers) * (count / workers), count / workers];
  for (let attempt = 0; attempt < 100; attempt++) {
    turn += 1;
    const port = lowest + from + (turn % size);
    if (await isPortFree(port)) return port;
  }
  throw new DevStackError('No free port on 127.0.0.1: is the loopback interface up?');
}

/**
 * Whether localhost:`port` is nobody's: a browser that is told localhost asks ::1 as well as 127.0.0.1. The answer can be
 * out of date at once.
 */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1']) {
    // Where a forwarded port is no socket of this machine, or a special address may be bound beside all addresses, only
    // the second question tells.
    if (!(await canListen(port, host)) || (await isAnswered(port, host))) return false;
  }
  return true;
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'EADDRINUSE' && code !== 'EACCES'),
    );
    server.listen({ port, host, exclusive: true, ipv6Only: true }, () => server.close(() => resolve(true)));
  });
}

/** Whether somebody takes connections there. */
export function isAnswered(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => end(false));
    socket.once('error', () => end(false));
    socket.once('connect', () => end(true));
  });
}
