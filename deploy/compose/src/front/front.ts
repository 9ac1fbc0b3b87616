import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { createReplicas } from './replicas.ts';

export type FrontOptions = {
  /** 0 takes any free port. */
  readonly port: number;
  readonly replicas: Pick<ReturnType<typeof createReplicas>, 'connect'>;
  /** How long connections that wait for an answer may take when the front closes, in milliseconds. */
  readonly drainMs?: number;
};

/** A connection counts as idle when its last bytes were an answer, and no others have come for this long. */
const idleMs = 250;

/**
 * One published port for all replicas of a service. Each TCP connection goes to the next replica. Bytes pass unread, so
 * the front can neither add nor change a header, and a service sees the front's address as the client's.
 *
 * It chooses a replica only when the client first sends something, so that no replica has to wait for a late request,
 * or closes a connection while it waits. While no replica accepts, a connection waits for one (see createReplicas): a
 * restart is a pause, not an error.
 *
 * @example
 * const front = await startFront({ port: 4000, replicas });
 * await front.close();
 */
export async function startFront({ port, replicas, drainMs = 10_000 }: FrontOptions) {
  const connections = new Set<Connection>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, async (client) => {
    const connection = new Connection(client);
    connections.add(connection);
    client.once('close', () => connections.delete(connection));
    await connection.spoke();
    const replica = await replicas.connect(connection.closed);
    if (replica === undefined) client.resetAndDestroy();
    else connection.join(replica);
  });
  server.listen(port);
  await once(server, 'listening');
  const address = server.address() as { port: number };

  return {
    port: address.port,
    /** Stops accepting connections. Closes idle ones at once, and the others when they are answered or out of time. */
    async close(): Promise<void> {
      const closed = once(server, 'close');
      server.close();
      for (const giveUpAt = performance.now() + drainMs; connections.size > 0; await delay(idleMs / 5)) {
        const outOfTime = performance.now() >= giveUpAt;
        // On a busy machine requests may have come that we have not read. A turn of the event loop reads them first.
        await nextTurn();
        for (const connection of connections) if (outOfTime || connection.isIdle()) connection.end();
      }
      await closed;
    },
  };
}

/** A client's connection and, once there is one, the connection to the replica. */
class Connection {
  readonly #client: Socket;
  readonly #closing = new AbortController();
  #asked = false;
  #lastWordAt = performance.now();

  constructor(client: Socket) {
    this.#client = client;
    // Node.js reports a broken connection by both 'error' and 'close'. The second is enough.
    client.on('error', () => {});
    client.once('close', () => this.#closing.abort());
  }

  /** Aborted when the client is gone. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves when the client has sent something, which is kept for the replica, or is gone. */
  async spoke(): Promise<void> {
    await once(this.#client, 'readable', { signal: this.closed }).catch(() => {});
  }

  join(replica: Socket): void {
    const client = this.#client;
    replica.on('error', () => {});
    client.on('data', () => this.#note(true));
    replica.on('data', () => this.#note(false));
    client.pipe(replica);
    replica.pipe(client);
    client.once('close', () => replica.destroy());
    // A half-closed connection is passed on as such (by pipe). A broken connection breaks the other one.
    replica.once('close', () => {
      if (!replica.readableEnded) client.resetAndDestroy();
    });
    if (client.destroyed) replica.destroy();
  }

  isIdle(): boolean {
    return !this.#asked && performance.now() - this.#lastWordAt >= idleMs;
  }

  end(): void {
    this.#client.destroy();
  }

  #note(asked: boolean): void {
    this.#asked = asked;
    this.#lastWordAt = performance.now();
  }
}
