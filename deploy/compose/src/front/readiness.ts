import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';

/** `closing`: it ends soon, and a connection that it gets then may be reset. */
export type ReplicaState = 'ready' | 'not ready' | 'closing';

export type ReadinessOptions = {
  readonly port: number;
  /** How long an answer is good for, in milliseconds. */
  readonly keepMs?: number;
  /** How long a replica may take to answer, in milliseconds. */
  readonly timeoutMs?: number;
};

/**
 * Returns a function that asks a replica whether it wants connections, by GET /ready. One that starts, or whose stores
 * are away, answers 503; so does one that is being stopped, and says so. One without an
 * answer is not ready. Any other answer is a yes.
 *
 * @example const stateOf = createReadiness({ port: 4000 });
 */
export function createReadiness({ port, keepMs = 500, timeoutMs = 1000 }: ReadinessOptions) {
  const known = new Map<string, { readonly answer: Promise<ReplicaState>; readonly until: number }>();
  return (host: string): Promise<ReplicaState> => {
    const now = performance.now();
    for (const [old, { until }] of known) if (until <= now) known.delete(old);
    const kept = known.get(host);
    if (kept !== undefined) return kept.answer;
    const answer = ask({ host, port, timeoutMs });
    known.set(host, { answer, until: now + keepMs });
    return answer;
  };
}

async function ask(to: { host: string; port: number; timeoutMs: number }): Promise<ReplicaState> {
  const { host, port, timeoutMs } = to;
  const request = get({ host, port, path: '/ready', agent: false, signal: AbortSignal.timeout(timeoutMs) });
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    if (response.statusCode !== 503) return 'ready';
    return isClosing(await json(response).catch(() => undefined)) ? 'closing' : 'not ready';
  } catch {
    // Refused, unreachable or too slow.
    return 'not ready';
  } finally {
    request.on('error', () => {});
    request.destroy();
  }
}

/** Reads the answer of service-kit's GET /ready. */
function isClosing(problem: unknown): boolean {
  const { failing } = (problem ?? {}) as { failing?: unknown };
  return Array.isArray(failing) && failing.includes('closing');
}
