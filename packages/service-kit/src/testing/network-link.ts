import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

/** A loopback port in front of a server that can simulate outages. */
export type NetworkLink = {
  /** The server's URL through this link. */
  readonly url: string;
  /** Simulates a dead server: open connections break, new ones are refused. */
  cut(): Promise<void>;
  /** Simulates a frozen server: connections stay open, and nothing comes back. */
  freeze(): void;
  /**
   * Simulates a server that stands still: connections stay open, and what is sent reaches it when it is back, even from
   * somebody who has left.
   */
  stall(): void;
  /**
   * Simulates a network that drops every packet of the open connections: nothing comes through, not even that the other
   * side has closed. New connections work.
   */
  silence(): void;
  /** The server is back, on its old address or on the one given. */
  restore(serverUrl?: string): Promise<void>;
  /** Ends the link. */
  close(): Promise<void>;
};

/**
 * Starts a link to the server that a URL names, such as postgres:// or redis://.
 *
 * @example
 * const link = await startNetworkLink(database.url);
 * const app = await buildApp({ database: await openDatabase({ url: link.url, … }) });
 * await link.cut();
 */
export async function startNetworkLink(serverUrl: string): Promise<NetworkLink> {
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  const silent = new WeakSet<Socket>();
  let target = addressOf(serverUrl);
  let frozen = false;
  let stalled = false;
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);

  async function listen(on: number): Promise<net.Server> {
    const started = net.createServer({ allowHalfOpen: true }, forward);
    started.listen(on, '127.0.0.1');
    await once(started, 'listening');
    return started;
  }

  function forward(client: Socket): void {
    const upstream = net.connect({ ...target, allowHalfOpen: true });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (!frozen && !silent.has(from)) to.write(chunk);
      });
      from.on('end', () => {
        if (!silent.has(from)) to.end();
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        if (!silent.has(from)) to.destroy();
      });
    }
    clients.add(client);
    client.on('close', () => clients.delete(client));
    if (stalled) client.pause();
  }

  async function cut(): Promise<void> {
    for (const socket of sockets) socket.resetAndDestroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  }

  return {
    url: url.href,
    cut,
    freeze: () => {
      frozen = true;
    },
    stall: () => {
      stalled = true;
      for (const client of clients) client.pause();
    },
    silence: () => {
      for (const socket of sockets) silent.add(socket);
    },
    restore: async (newServerUrl) => {
      if (newServerUrl !== undefined) target = addressOf(newServerUrl);
      frozen = false;
      stalled = false;
      for (const client of clients) client.resume();
      if (!server.listening) server = await listen(port);
    },
    close: cut,
  };
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
