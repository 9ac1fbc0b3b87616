import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { DevStackError } from '../errors.ts';

// Below the range for outgoing connections, so that none of them takes the port before it is used.
const lowest = 20_000;
const count = 12_000;
/**
 * Parallel test files use separate ranges of ports, so that none takes a port that another has chosen but not used yet.
 */
const workers = 8;
let turn = randomInt(count);
const reserved = new Set<number>();

/** Keeps freePort from returning this port, which somebody chose for a server that does not listen yet. */
export function reservePort(port: number): void {
  reserved.add(port);
}

/**
 * Returns a loopback port that was free a moment ago, and not the same one again for a long time. Never returns a
 * reserved port. Another process may take it before it is used: callers that start a server on it retry with another
 * port if the server reports that.
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
    if (!reserved.has(port) && (await isPortFree(port))) return port;
  }
  throw new DevStackError('No free port on 127.0.0.1: is the loopback interface up?');
}

/**
 * Whether localhost:`port` is free, on both 127.0.0.1 and ::1, because a browser uses either for localhost. The answer
 * can be out of date at once.
 */
export async function isPortFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1']) {
    // Binding can succeed although the port is taken: by a forwarded port, which is no socket of this machine, or where
    // one address may be bound besides a wildcard. So also try to connect.
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

/** Whether a server accepts connections there. */
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
