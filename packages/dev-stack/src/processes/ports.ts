import { createServer } from 'node:net';

/**
 * A loopback port that was free a moment ago. Another process may take it before it is used: callers that start a
 * server on it try again with another when the server says so.
 *
 * @example const port = await freePort();
 */
export async function freePort(): Promise<number> {
  return await listenOnce(0);
}

/** Whether nothing listens on 127.0.0.1:`port`. The answer can be out of date at once. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch {
    return false;
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}
