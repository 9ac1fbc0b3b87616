import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type HttpServer = {
  /** By the name that pages call it. */
  readonly origin: string;
  stop(): Promise<void>;
};

/** Starts a server on its own loopback port. A handler that fails breaks the connection. */
export async function startHttpServer(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void,
): Promise<HttpServer> {
  const server = createServer(async (request, response) => {
    try {
      await answer(request, response);
    } catch {
      response.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
