import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReplicaState } from './readiness.ts';

export type ReplicasOptions = {
  readonly port: number;
  /** The addresses of the current replicas. Rejects, or resolves to none, when there is none. */
  readonly addresses: () => Promise<string[]>;
  /**
   * Whether a replica wants connections. Those that are not ready get some only when none is; those that are closing,
   * never. Default: each is ready.
   */
  readonly stateOf?: (host: string) => Promise<ReplicaState>;
  /** How long a replica may take to accept a connection, in milliseconds. */
  readonly connectTimeoutMs?: number;
  /** How long to go on trying while no replica accepts, as when the only one restarts, in milliseconds. */
  readonly patienceMs?: number;
};

const retryEveryMs = 50;

/**
 * The replicas of one service, taken in turn. One that is ready and accepts a connection gets it.
 *
 * @example
 * const replicas = createReplicas({ port: 4000, addresses: () => resolve4('auth-service') });
 * const socket = await replicas.connect(signal);
 */
export function createReplicas(options: ReplicasOptions) {
  const {
    port,
    addresses,
    stateOf = async () => 'ready',
    connectTimeoutMs = 1000,
    patienceMs = 30_000,
  } = options;
  let turn = 0;

  async function connectToAny(signal: AbortSignal): Promise<Socket | undefined> {
    const found = (await addresses().catch(() => [])).toSorted();
    const states = await Promise.all(found.map(stateOf));
    const [ready, others] = (['ready', 'not ready'] as const).map((state) =>
      found.filter((_, index) => states[index] === state),
    ) as [string[], string[]];
    const first = turn++;
    for (const host of [...rotated(ready, first), ...rotated(others, first)]) {
      if (signal.aborted) return undefined;
      const socket = await tryToConnect(
        { host, port },
        AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]),
      );
      if (socket !== undefined) return socket;
    }
    return undefined;
  }

  return {
    /**
     * Connects to the next replica that accepts. Resolves to undefined when none does within the patience, or when
     * `signal` is aborted.
     */
    async connect(signal: AbortSignal): Promise<Socket | undefined> {
      const giveUpAt = performance.now() + patienceMs;
      while (!signal.aborted) {
        const socket = await connectToAny(signal);
        if (socket !== undefined) return socket;
        if (performance.now() >= giveUpAt) return undefined;
        await delay(retryEveryMs, undefined, { signal }).catch(() => {});
      }
      return undefined;
    },
  };
}

function rotated(hosts: readonly string[], first: number): readonly string[] {
  const start = first % hosts.length || 0;
  return [...hosts.slice(start), ...hosts.slice(0, start)];
}

async function tryToConnect(
  to: { host: string; port: number },
  signal: AbortSignal,
): Promise<Socket | undefined> {
  const socket = connect({ ...to, noDelay: true, allowHalfOpen: true });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch {
    // Refused, unreachable, too slow or no longer wanted: in each case the caller tries the next one.
    socket.destroy();
    return undefined;
  }
}
