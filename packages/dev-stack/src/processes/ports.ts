import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { DevStackError } from '../errors.ts';

// Below what systems hand out to outgoing connections, so that none of those takes the port before it is used.
const lowest = 20_000;
const highest = 32_000;

/**
 * A loopback port that was free a moment ago. Another process may take it before it is used: callers that start a
 * server on it try again with another when the server says so.
 *
 * @example const port = await freePort();
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(lowest, highest);
    if (await isPortFree(port)) return port;
  }
  throw new DevStackError('No free port on 127.0.0.1: is the loopback interface up?');
}

/** Whether nothing listens on 127.0.0.1:`port`. The answer can be out of date at once. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
