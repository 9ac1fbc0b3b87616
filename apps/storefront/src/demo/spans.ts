import type { ShownSpan } from './api.ts';

export type Spans = ReturnType<typeof createSpans>;

type Listener = { readonly prefix: string; readonly tell: (span: ShownSpan) => void };

/**
 * Keeps the spans of the last minute in memory, and passes new ones to subscribers.
 *
 * @example
 * const stop = spans.follow('0af7651916cd43dd', (span) => show(span));
 * spans.add(span);
 */
export function createSpans({ most = 10_000, lastMs = 60_000, clock = Date.now } = {}) {
  let kept: { readonly at: number; readonly span: ShownSpan }[] = [];
  const listeners = new Set<Listener>();

  return {
    add(span: ShownSpan): void {
      kept.push({ at: clock(), span });
      // Deletes several at a time: deleting one moves all others.
      if (kept.length > most) kept = kept.slice(-Math.ceil(most * 0.9));
      for (const { prefix, tell } of listeners) if (span.trace_id.startsWith(prefix)) tell(span);
    },

    /**
     * Calls `tell` with the kept and all new spans of traces with this prefix, until the returned function is called.
     */
    follow(prefix: string, tell: (span: ShownSpan) => void): () => void {
      const since = clock() - lastMs;
      for (const { at, span } of kept) if (at >= since && span.trace_id.startsWith(prefix)) tell(span);
      const listener = { prefix, tell };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
