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
// Fetch, §2.9: "bad ports", of protocols that an answer or a request could be taken for.
const refusedPorts = new Set(
  [
    '1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123',
    '135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990',
    '993 995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080',
  ].flatMap((line) => line.split(' ').map(Number)),
);
let turn = randomInt(count);
const kept = new Set<number>();

/** Whether browsers and fetch refuse to ask this port, whatever listens there. */
export function isRefusedPort(port: number): boolean {
  return refusedPorts.has(port);
}

/**
 * Keeps freePort from returning this port, for a server that does not listen yet, or stops and comes back. Returns false
 * if it is kept already: by this process, or by another one of ours, such as a second run of the tests.
 *
 * An abstract socket of Linux (unix(7)) tells other processes until this one ends, and leaves no file. On other systems
 * they do not know of it.
 */
export function keepPort(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    if (kept.has(port)) return resolve(false);
    kept.add(port);
    const marker = createServer();
    marker.once('error', ({ code }: NodeJS.ErrnoException) => {
      const isElsewhere = code === 'EADDRINUSE';
      if (isElsewhere) kept.delete(port);
      resolve(!isElsewhere);
    });
    marker.listen(`\0latchkey-port-${port}`, () => {
      marker.unref();
      resolve(true);
    });
  });
}

/**
 * Returns a loopback port that was free a moment ago, and keeps it. A foreign process may take it before it is used:
 * callers that start a server on it retry with another port if the server reports that.
 *
 * @example const port = await freePort();
 */
export async function freePort(): Promise<number> {
  const worker = process.env['VITEST_POOL_ID'];
  const [from, size] =
    worker === undefined ? [0, count] : [(Number(worker) % workers) * (count / workers), count / workers];
  // All of them: another run on this machine may keep hundreds in a row.
  for (let attempt = 0; attempt < size; attempt++) {
    turn += 1;
    const port = lowest + from + (turn % size);
    if (!kept.has(port) && (await isPortFree(port)) && (await keepPort(port))) return port;
  }
  throw new DevStackError('No free port on 127.0.0.1: is the loopback interface up?');
}

/** Why a port cannot be had: a server has it, or the system refuses it to this user. */
export type PortFault = 'in use' | 'refused';

/** Whether localhost:`port` is free; see `portFault`. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await portFault(port)) === undefined;
}

/**
 * Why localhost:`port` cannot be had on both 127.0.0.1 and ::1, because a browser uses either for localhost; undefined
 * if it is free. The answer can be out of date at once.
 */
export async function portFault(port: number): Promise<PortFault | undefined> {
  for (const host of ['127.0.0.1', '::1']) {
    // Binding can succeed although the port is taken: by a forwarded port, which is no socket of this machine, or where
    // one address may be bound besides a wildcard. So also try to connect.
    const fault =
      (await faultOfListening(port, host)) ?? ((await isAnswered(port, host)) ? 'in use' : undefined);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfListening(port: number, host: string): Promise<PortFault | undefined> {
  const faults: Record<string, PortFault> = { EADDRINUSE: 'in use', EACCES: 'refused' };
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(faults[code]));
    server.listen({ port, host, exclusive: true, ipv6Only: true }, () =>
      server.close(() => resolve(undefined)),
    );
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
