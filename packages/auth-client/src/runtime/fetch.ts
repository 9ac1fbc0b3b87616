import type { Pool } from 'undici';
import { checkRuntime } from './node-version.ts';

const idleTimeout = 'socket idle timeout';

/**
 * A fetch that keeps connections open between requests, as the global one does, and trusts none of them any more once
 * one has broken or was given up: the next request to that origin has a new connection. A network that drops packets
 * leaves connections that look open, and each of them would cost one more request its time.
 *
 * The abort signal of a request is what gives a connection up: without one, a silent line is waited for as long as the
 * global fetch would. Takes a URL, no Request. Where Node.js uses the proxies of the environment (NODE_USE_ENV_PROXY),
 * it is the global fetch, which alone knows of them.
 *
 * @throws AuthClientError unsupported_runtime
 * @example
 * const fetch = createFetch();
 * await fetch('https://login.example/.well-known/jwks.json', { signal: AbortSignal.timeout(5000) });
 */
export function createFetch(): typeof globalThis.fetch {
  checkRuntime();
  if (usesProxies()) return (input, init) => globalThis.fetch(input, init);
  // Not imported above: on a Node.js that is too old that throws, and nothing of ours could say why.
  const loading = import('undici');
  // Each request says so.
  loading.catch(() => {});
  const pools = new Map<string, Pool>();

  function poolOf(origin: string, { Pool: NewPool }: typeof import('undici')): Pool {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = new NewPool(origin);
    pool.on('disconnect', (_origin, _clients, error) => {
      if (error.message !== idleTimeout) distrust(origin, pool);
    });
    pools.set(origin, pool);
    return pool;
  }

  function distrust(origin: string, pool: Pool): void {
    if (pools.get(origin) !== pool) return;
    pools.delete(origin);
    // Requests under way are finished, by their own time limits; idle connections end at once.
    pool.close().catch(() => {});
  }

  const fetch = async (input: URL | string, init?: RequestInit): Promise<unknown> => {
    const { origin } = new URL(input);
    const undici = await loading;
    const pool = poolOf(origin, undici);
    try {
      return await undici.fetch(input, { ...(init as object), dispatcher: pool });
    } catch (error) {
      // The pool tells of it a moment later, when the next request may have been sent already.
      distrust(origin, pool);
      throw error;
    }
  };
  return fetch as typeof globalThis.fetch;
}

function usesProxies(): boolean {
  const { NODE_USE_ENV_PROXY: variable, NODE_OPTIONS: options = '' } = process.env;
  return variable === '1' || [...process.execArgv, ...options.split(/\s+/)].includes('--use-env-proxy');
}
