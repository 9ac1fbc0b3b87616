import { maskBody, maskHeaders } from './mask.ts';
import { readProblem } from './problem.ts';
import type { TraceIds } from './trace-ids.ts';
import type { Purpose } from './traffic.ts';
import type { TrafficStore } from './traffic-store.ts';

export type RecordingOptions = {
  readonly fetch: typeof globalThis.fetch;
  readonly ids: { next(): TraceIds };
  readonly store: Pick<TrafficStore, 'began' | 'answered' | 'explained'>;
  /** Milliseconds since the epoch, with fractions; monotonic. */
  readonly now?: () => number;
};

/**
 * A fetch that gives each request a trace id and records its outcome. The caller gets the answer unchanged and without
 * delay.
 *
 * A fragment in the URL, which fetch never sends, is the request's purpose: `#background` for background reads,
 * `#probe` for a panel's table, `#load` for generated load.
 *
 * @example
 * const recorded = recordRequests({ fetch, ids: createTraceIds(), store: createTrafficStore() });
 * await recorded('http://localhost:4001/cart#background');
 */
export function recordRequests(options: RecordingOptions): typeof globalThis.fetch {
  const { fetch, ids, store, now = () => performance.timeOrigin + performance.now() } = options;

  return async (input, init) => {
    const { traceId, spanId, traceparent } = ids.next();
    const url = new URL(input instanceof Request ? input.url : input, globalThis.location?.href);
    const purpose = purposeOf(url.hash);
    url.hash = '';
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    headers.set('traceparent', traceparent);
    const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
    const startMs = now();
    const body = maskBody(init?.body);
    store.began({ traceId, spanId, purpose, method, url: url.href, ...maskHeaders(headers), body, startMs });
    try {
      const answer = await fetch(input instanceof Request ? input : url, { ...init, headers });
      store.answered(traceId, {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        durationMs: now() - startMs,
        problem: null,
      });
      if (!answer.ok) void explain(traceId, answer.clone());
      return answer;
    } catch (error) {
      store.answered(traceId, { status: 0, headers: {}, durationMs: now() - startMs, problem: null });
      throw error;
    }
  };

  async function explain(traceId: string, copy: Response): Promise<void> {
    const problem = await readProblem(copy);
    if (problem !== null) store.explained(traceId, problem);
  }
}

function purposeOf(hash: string): Purpose {
  const name = hash.slice(1);
  return name === 'background' || name === 'probe' || name === 'load' ? name : 'person';
}
