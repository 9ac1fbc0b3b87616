import { AsyncLocalStorage } from 'node:async_hooks';
import { randomHex } from '../random-hex.ts';
import { attributesOf, nanoseconds, type OtlpSpan, spanKinds } from './otlp.ts';
import type { Sampler } from './sampling.ts';

/** The parent of new spans: the request that is being served. */
type SpanContext = {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether the trace goes to the collector. */
  readonly isSampled: boolean;
};

export type SpanDescription = {
  readonly name: string;
  readonly kind: keyof typeof spanKinds;
  /** The ids of the span itself; default new ones, in the current trace. */
  readonly ids?: SpanContext & { readonly parentId: string | null };
};

export type EndOfSpan = {
  readonly failed: boolean;
  readonly attributes?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** A better name than was known at the start. */
  readonly name?: string;
};

export type ActiveSpan = SpanContext & { end(end: EndOfSpan): void };

export type Tracer = ReturnType<typeof createTracer>;

/**
 * Makes spans and knows which request is being served. `sampler` decides about traces that begin with a span here.
 *
 * @example
 * const span = tracer.start({ name: 'GET', kind: 'client' });
 * span.end({ failed: false });
 */
export function createTracer(sampler: Sampler, onEnd: (span: OtlpSpan, isSampled: boolean) => void) {
  const current = new AsyncLocalStorage<SpanContext>();
  return {
    /** The request that is being served at the call, if any. */
    current: (): SpanContext | undefined => current.getStore(),

    /** Calls `work`; spans made in it, also asynchronously, belong to `span`. */
    within: (span: SpanContext, work: () => void): void => current.run(span, work),

    start({ name, kind, ids }: SpanDescription): ActiveSpan {
      const parent = current.getStore();
      const traceId = ids?.traceId ?? parent?.traceId ?? randomHex(16);
      const spanId = ids?.spanId ?? randomHex(8);
      const isSampled = ids?.isSampled ?? parent?.isSampled ?? sampler(traceId);
      const parentId = ids === undefined ? parent?.spanId : ids.parentId;
      const began = performance.now();
      return {
        traceId,
        spanId,
        isSampled,
        end(end) {
          const span = {
            traceId,
            spanId,
            ...(parentId ? { parentSpanId: parentId } : {}),
            name: end.name ?? name,
            kind: spanKinds[kind],
            startTimeUnixNano: nanoseconds(performance.timeOrigin + began),
            endTimeUnixNano: nanoseconds(performance.timeOrigin + performance.now()),
            attributes: attributesOf(end.attributes ?? {}),
            status: { code: end.failed ? 2 : 0 },
          } as const;
          onEnd(span, isSampled);
        },
      };
    },
  };
}
