import type { ShownSpan } from '../../src/demo/api.ts';

export type SpanStreamOptions = {
  readonly tracePrefix: string;
  readonly onSpan: (span: ShownSpan) => void;
  /** Told whenever the line opens or breaks. */
  readonly onOpen?: (isOpen: boolean) => void;
};

/** An EventSource opens a broken line again by itself, but not after an answer that is no stream. */
const reopenMs = 2000;

/**
 * Listens to what the services report of this page's requests, until the returned function is called. A line that breaks
 * is opened again; the last minute is told anew then, so nothing is missing and some things come twice.
 *
 * @example
 * const stop = followSpans({ tracePrefix: traceIds.prefix, onSpan: trafficStore.reported });
 */
export function followSpans({ tracePrefix, onSpan, onOpen }: SpanStreamOptions): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  open();

  function open(): void {
    source = new EventSource(`/demo/spans?trace_prefix=${tracePrefix}`);
    source.addEventListener('span', ({ data }) => onSpan(JSON.parse(data) as ShownSpan));
    source.addEventListener('open', () => onOpen?.(true));
    source.addEventListener('error', () => {
      onOpen?.(false);
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, reopenMs);
    });
  }

  return () => {
    clearTimeout(timer);
    source.close();
  };
}
