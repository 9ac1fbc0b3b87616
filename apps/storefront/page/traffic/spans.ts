import type { ShownSpan } from '../../src/demo/api.ts';

export type SpanStreamOptions = {
  readonly tracePrefix: string;
  readonly onSpan: (span: ShownSpan) => void;
  /** Called whenever the connection opens or breaks. */
  readonly onOpen?: (isOpen: boolean) => void;
};

/** An EventSource reconnects by itself, but not after an answer that is not a stream. */
const reopenMs = 2000;

/**
 * Receives the services' spans of this page's requests, until the returned function is called. It reconnects after a
 * break. The server then sends the last minute again, so no span is missing and some come twice.
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
