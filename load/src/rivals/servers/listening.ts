import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Lets a handler of plain Node.js listen as a Fastify does. */
export function listening(handle: RequestListener) {
  return {
    async listen({ host, port }: { host: string; port: number }): Promise<string> {
      const server = createServer(handle);
      await new Promise<void>((resolve) => server.listen(port, host, resolve));
      return `http://${host}:${(server.address() as AddressInfo).port}`;
    },
  };
}
