import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * A TCP proxy that can lose replies: the connection breaks after the server has executed the command and before the
 * client gets the reply.
 */
export async function startLossyProxy(targetUrl: string) {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let repliesToLose = 0;
  let lost = 0;
  let requestOfLoss: string | undefined;

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let losesNext = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (request) => {
      if (requestOfLoss !== undefined && request.includes(requestOfLoss)) {
        requestOfLoss = undefined;
        losesNext = true;
      }
      upstream.write(request);
    });
    upstream.on('data', (reply) => {
      if (losesNext || repliesToLose > 0) {
        if (!losesNext) repliesToLose -= 1;
        lost += 1;
        client.destroy();
      } else {
        client.write(reply);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseReplies(count: number): void {
      repliesToLose = count;
    },
    /** Loses the reply to the first request of this task that contains the text. Throws if there is none. */
    async losing<T>(text: string, task: () => Promise<T>): Promise<T> {
      const before = lost;
      requestOfLoss = text;
      const outcome = await task();
      if (lost === before) throw new Error(`no request to Redis contained ${text}`);
      return outcome;
    },
    lost: () => lost,
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
