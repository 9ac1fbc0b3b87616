import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

/** A connection to a server that tests can cut, freeze and mend. */
export type Line = {
  readonly url: string;
  /** Breaks connections and accepts no more. */
  cut(): Promise<void>;
  /** Keeps connections and accepts new ones, but passes nothing on. What is sent meanwhile is lost. */
  freeze(): void;
  /** Lets new connections through again. Frozen ones stay frozen. */
  mend(): Promise<void>;
  close(): Promise<void>;
};

/** Starts a line to a server on this machine. */
export async function startLine(serverUrl: string): Promise<Line> {
  const target = Number(new URL(serverUrl).port);
  const sockets = new Set<Socket>();
  let isFrozen = false;
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;

  async function listen(on: number): Promise<net.Server> {
    const listening = net.createServer(forward).listen(on, '127.0.0.1');
    await once(listening, 'listening');
    return listening;
  }

  function keep(socket: Socket, other?: Socket): void {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      other?.destroy();
    });
  }

  function forward(client: Socket): void {
    if (isFrozen) {
      keep(client);
      return;
    }
    const upstream = net.connect(target, '127.0.0.1');
    keep(client, upstream);
    keep(upstream, client);
    client.pipe(upstream);
    upstream.pipe(client);
  }

  async function cut(): Promise<void> {
    for (const socket of sockets) socket.resetAndDestroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  }

  return {
    url: `http://127.0.0.1:${port}`,
    cut,
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    async mend() {
      isFrozen = false;
      if (!server.listening) server = await listen(port);
    },
    close: cut,
  };
}
