import { isSampled } from '../logging/trace-context.ts';

/** Says whether a trace is recorded. `parentFlags`: those of the caller's traceparent; undefined if the trace begins here. */
export type Sampler = (traceId: string, parentFlags?: string) => boolean;

const rootSamplers = ['always_on', 'always_off', 'traceidratio'] as const;
export const samplerNames = [
  ...rootSamplers,
  ...rootSamplers.map((name) => `parentbased_${name}` as const),
] as const;
export type SamplerName = (typeof samplerNames)[number];

/**
 * A sampler by the name that OpenTelemetry gives it. One that is `parentbased_…` follows the caller's decision. By
 * traceidratio every service takes the same traces, since they decide by the last 56 bits of the id
 * (opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling).
 *
 * @example createSampler('parentbased_traceidratio', 0.1)(traceId); // true for a tenth of all traces
 */
export function createSampler(name: SamplerName, share: number): Sampler {
  const from = (1 - share) * 2 ** 56;
  const takes = (traceId: string): boolean => {
    if (name.endsWith('traceidratio')) return Number.parseInt(traceId.slice(-14), 16) >= from;
    return name.endsWith('always_on');
  };
  if (!name.startsWith('parentbased_')) return takes;
  return (traceId, parentFlags) => (parentFlags === undefined ? takes(traceId) : isSampled(parentFlags));
}
