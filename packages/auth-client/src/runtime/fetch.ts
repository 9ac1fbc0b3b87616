import type { Pool } from 'undici';
import { checkRuntime } from './node-version.ts';

const idleTimeout = 'socket idle timeout';

/**
 * Returns a fetch that keeps connections open between requests, as the global one does. Once a connection to an origin
 * breaks or a request to it is aborted, all connections to that origin are retired, and the next request opens a new
 * one. A network that drops packets leaves connections that look open, and each would make one more request time out.
 *
 * Pass an abort signal with each request: without one, a dead connection is noticed only after the global fetch's
 * timeouts. Takes a URL, not a Request. If Node.js uses the proxies of the environment (NODE_USE_ENV_PROXY), the
 * function calls the global fetch, which supports them.
 *
 * @throws AuthClientError unsupported_runtime
 * @example
 * const fetch = createFetch();
 * await fetch('https://login.example/.well-known/jwks.json', { signal: AbortSignal.timeout(5000) });
 */
export function createFetch(): typeof globalThis.fetch {
  checkRuntime();
  if (usesProxies()) return (input, init) => globalThis.fetch(input, init);
  // Imported here, not at the top: on a Node.js that is too old the import throws before checkRuntime can say why.
  const loading = import('undici');
  // Each request reports a failed import.
  loading.catch(() => {});
  const pools = new Map<string, Pool>();

  function poolOf(origin: string, { Pool: NewPool }: typeof import('undici')): Pool {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = new NewPool(origin);
    pool.on('disconnect', (_origin, _clients, error) => {
      if (error.message !== idleTimeout) retire(origin, pool);
    });
    pools.set(origin, pool);
    return pool;
  }

  function retire(origin: string, pool: Pool): void {
    if (pools.get(origin) !== pool) return;
    pools.delete(origin);
    // Pending requests finish within their own time limits; idle connections close at once.
    pool.close().catch(() => {});
  }

  const fetch = async (input: URL | string, init?: RequestInit): Promise<unknown> => {
    const { origin } = new URL(input);
    const undici = await loading;
    const pool = poolOf(origin, undici);
    try {
      return await undici.fetch(input, { ...(init as object), dispatcher: pool });
    } catch (error) {
      // The pool reports it a moment later, when the next request may have been sent already.
      retire(origin, pool);
      throw error;
    }
  };
  return fetch as typeof globalThis.fetch;
}

function usesProxies(): boolean {
  const { NODE_USE_ENV_PROXY: variable, NODE_OPTIONS: options = '' } = process.env;
  return variable === '1' || [...process.execArgv, ...options.split(/\s+/)].includes('--use-env-proxy');
}
