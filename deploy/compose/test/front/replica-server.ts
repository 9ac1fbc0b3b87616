import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ReplicaServer = { port: number; stop(): Promise<void> };

/** An HTTP server on its own address, because replicas share a port, as containers do. */
export async function startReplica(host: string, answer: RequestListener, port = 0): Promise<ReplicaServer> {
  const server = createServer(answer);
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
