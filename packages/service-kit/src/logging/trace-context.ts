import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { randomHex } from '../random-hex.ts';

declare module 'fastify' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface FastifyRequest {
    /** W3C Trace Context of this request. Send `request.traceparent.header` along when calling another service. */
    readonly traceparent: TraceContext;
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
export type TraceContext = {
  /** 32 hex digits, the same at every service that the request reaches. */
  readonly traceId: string;
  /** The caller's span, 16 hex digits; null when the trace begins here. */
  readonly parentId: string | null;
  /** This request's own span, 16 hex digits. */
  readonly spanId: string;
  /** Two hex digits; the last bit says that the trace is recorded. */
  readonly flags: string;
  /** The `traceparent` for the next service. */
  readonly header: string;
};

const shape = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const noTrace = '0'.repeat(32);
const noSpan = '0'.repeat(16);
const maxLength = 256;

type Sampler = (traceId: string, parentFlags?: string) => boolean;
let sampler: Sampler | undefined;

/** Lets `decide` say which traces of this process are recorded. Without it, the caller's decision is passed on. */
export function sampleTraces(decide: Sampler): void {
  sampler = decide;
}

export const isSampled = (flags: string): boolean => (Number.parseInt(flags, 16) & 1) === 1;

/** Continues the trace that a `traceparent` header names, or starts one when it is missing or malformed. */
export function traceContextFrom(header: string | undefined): TraceContext {
  const found = header === undefined || header.length > maxLength ? null : shape.exec(header);
  const [, version, traceId = noTrace, parentId = noSpan, flags = '00'] = found ?? [];
  const known = version === '00' ? header?.length === 55 : version !== undefined && version !== 'ff';
  if (!known || traceId === noTrace || parentId === noSpan) return trace(randomHex(16), null, '00');
  return trace(traceId, parentId, flags);
}

function trace(traceId: string, parentId: string | null, given: string): TraceContext {
  const spanId = randomHex(8);
  const isTaken = sampler?.(traceId, parentId === null ? undefined : given) ?? isSampled(given);
  const bits = (Number.parseInt(given, 16) & ~1) | (isTaken ? 1 : 0);
  const flags = bits.toString(16).padStart(2, '0');
  return { traceId, parentId, spanId, flags, header: `00-${traceId}-${spanId}-${flags}` };
}

const kept = Symbol('trace context');

/** The trace of a raw request, computed once. It is keyed by the raw request because the logger needs it first. */
export function traceContextOf(request: IncomingMessage & { [kept]?: TraceContext }): TraceContext {
  request[kept] ??= traceContextFrom(request.headers.traceparent as string | undefined);
  return request[kept];
}

/** Adds `request.traceparent`. */
export function addTraceContext(app: FastifyInstance): void {
  app.decorateRequest('traceparent', {
    getter() {
      return traceContextOf(this.raw);
    },
  });
}
