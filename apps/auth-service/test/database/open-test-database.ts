import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { createTestDatabase } from '@latchkey/dev-stack/testing';
import { type AuthDatabase, openAuthDatabase } from '../../src/database/open-auth-database.ts';
import type { Database } from '../../src/database/schema.ts';

export type OpenTestDatabase = {
  readonly db: Database;
  /** The connections of `db`. */
  readonly pool: AuthDatabase['pool'];
  /** Opens another pool on the same database, as another replica does. */
  another(): Promise<Database>;
  /** Cuts `db` off from Postgres: connections break, and new ones are refused. */
  cutOff(): Promise<void>;
  /** Restores the connection. */
  reconnect(): Promise<void>;
  close(): Promise<void>;
};

/** auth-service's tables in a separate database, behind a relay that can be cut. */
export async function openTestDatabase(): Promise<OpenTestDatabase> {
  const database = await createTestDatabase({ filledBy: migrate });
  const relay = await startRelay(new URL(database.url));
  const opened = [await open(relay.url)];
  const [first] = opened as [Awaited<ReturnType<typeof open>>];
  return {
    db: first.db,
    pool: first.pool,
    async another() {
      const other = await open(database.url);
      opened.push(other);
      return other.db;
    },
    cutOff: relay.cut,
    reconnect: relay.listen,
    async close() {
      await Promise.all(opened.map((pool) => pool.close()));
      await relay.cut();
      await database.drop();
    },
  };
}

async function migrate(url: string): Promise<void> {
  await (await open(url)).close();
}

function open(url: string) {
  return openAuthDatabase({ DATABASE_URL: url, DATABASE_POOL_SIZE: 4, DATABASE_TIMEOUT_MS: 10_000 });
}

async function startRelay(target: URL) {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((inbound) => {
    const outbound = connect(Number(target.port), target.hostname);
    keep(inbound);
    keep(outbound);
    inbound.pipe(outbound).pipe(inbound);
    inbound.on('close', () => outbound.destroy());
    outbound.on('close', () => inbound.destroy());
  });
  let port = 0;
  const listen = () =>
    new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', () => {
        port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  await listen();
  const url = new URL(target);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    listen,
    cut: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
