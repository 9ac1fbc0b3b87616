import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import pg from 'pg';
import { asConnectionError } from './errors.ts';

export type ClientOptions = {
  /** Called for each connection: a password may have changed. */
  url: () => string;
  /** How long Postgres may send nothing during a statement. */
  silentMs: number;
};

/** Properties of pg's client that its types lack. */
type Insides = {
  /** False while a statement is running. */
  readyForQuery: boolean;
  connection: EventEmitter<{ errorMessage: [{ code?: string }] }> & { stream: Socket };
};

const readOnly = '25006';

type Callback = ((error: Error) => void) & ((error: null, client: pg.Client) => void);

/**
 * A pool that leaves a server that is of no use any more. If Postgres is silent during a statement, the network path may
 * be dead without anybody having closed it: the statement fails, and its connection and all idle ones, which use the same
 * path, are closed. If Postgres refuses a write because it is read-only, another server may be the primary by now: all
 * idle connections are closed. The next query connects again.
 *
 * @example
 * const pool = createPool({ max: 10 }, { url: () => url, silentMs: 6000 });
 */
export function createPool(config: Omit<pg.PoolConfig, 'Client'>, { url, silentMs }: ClientOptions): pg.Pool {
  const idle = new Set<pg.ClientBase>();

  class WatchedClient extends pg.Client {
    constructor(given?: pg.ClientConfig) {
      super({ ...given, connectionString: url() });
    }

    override connect(): Promise<pg.Client>;
    override connect(callback: Callback): void;
    override connect(callback?: Callback): Promise<pg.Client> | undefined {
      if (callback === undefined) return super.connect();
      super.connect((error: Error | null) => {
        if (error !== null && error !== undefined) return callback(asConnectionError(error));
        watch(this);
        return callback(null, this);
      });
      return undefined;
    }
  }

  const pool = new pg.Pool({ ...config, Client: WatchedClient });
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('release', (_error, client) => idle.add(client));
  pool.on('remove', (client) => idle.delete(client));
  return pool;

  /**
   * Marks the errors of the line. Sending and receiving both restart the timeout of silence, which has no effect without
   * a running statement.
   */
  function watch(client: pg.Client): void {
    const insides = client as unknown as Insides;
    const { stream } = insides.connection;
    // Before anybody else hears of it. Only what ends the connection is an error of the client.
    client.on('error', asConnectionError);
    stream.setTimeout(silentMs);
    // Not as a parameter of setTimeout: that is called only once, and the first time may be on an idle connection.
    stream.on('timeout', () => {
      if (insides.readyForQuery) return;
      const { bytesRead } = stream;
      // Timers come before sockets: if this process stood still, an answer may have arrived meanwhile, and is read now.
      setImmediate(() => {
        if (stream.bytesRead === bytesRead) giveUp();
      });
    });
    function giveUp(): void {
      const error = asConnectionError(new Error(`Postgres has sent nothing for ${silentMs} ms.`));
      closeIdle(error);
      stream.destroy(error);
    }
    insides.connection.on('errorMessage', ({ code }) => {
      if (code === readOnly) closeIdle(asConnectionError(new Error('Postgres is read-only.')));
    });
  }

  function closeIdle(error: Error): void {
    for (const client of idle) (client as unknown as Insides).connection.stream.destroy(error);
  }
}
