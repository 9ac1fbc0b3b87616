import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';

/** A server that answers after this many milliseconds, and a client that sends it one request. */
export async function startFixedServer(answerAfterMs: number) {
  const server = createServer(async (_request, response) => {
    await delay(answerAfterMs);
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 512 });
  return {
    async send(): Promise<string> {
      const { statusCode, body } = await pool.request({ method: 'GET', path: '/' });
      await body.dump();
      return statusCode === 200 ? 'ok' : String(statusCode);
    },
    async close() {
      await pool.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
