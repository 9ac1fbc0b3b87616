import type { Socket } from 'node:net';
import pg from 'pg';
import { asConnectionError } from './database-errors.ts';

export interface ClientOptions {
  /** Asked for each connection: a password may have changed. */
  url: () => string;
  /** How long Postgres may say nothing while a statement is under way. */
  silentMs: number;
}

/** What pg has, and its types do not tell. */
interface Insides {
  /** False while a statement is under way. */
  readyForQuery: boolean;
  connection: { stream: Socket };
}

type Callback = ((error: Error) => void) & ((error: null, client: pg.Client) => void);

/**
 * A pool whose connections notice a line that fell silent, though nobody has closed it: the statement under way is given
 * up together with its connection, and with it the idle ones, which go by the same line. The next query connects anew.
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

  /** Sending and receiving both begin the time anew; what follows upon silence without a statement is nothing. */
  function watch(client: pg.Client): void {
    const insides = client as unknown as Insides;
    const { stream } = insides.connection;
    stream.setTimeout(silentMs, () => {
      if (insides.readyForQuery) return;
      const error = asConnectionError(new Error(`Postgres has said nothing for ${silentMs} ms.`));
      for (const other of idle) (other as unknown as Insides).connection.stream.destroy(error);
      stream.destroy(error);
    });
  }
}
