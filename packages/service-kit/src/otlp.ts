// The parts of OTLP in JSON that our pages show (opentelemetry.io/docs/specs/otlp). A sender may leave out any field
// that has its default value, so everything is optional here.

type Value = {
  readonly stringValue?: string;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
};
export type KeyValue = { readonly key: string; readonly value?: Value };

export type Span = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly KeyValue[];
  readonly status?: { readonly code?: number };
};

export type LogRecord = {
  readonly timeUnixNano?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: Value;
  readonly attributes?: readonly KeyValue[];
  readonly traceId?: string;
};

/** The sender of a report. */
export type Source = { readonly service: string; readonly instance: string };

type Resource = { readonly resource?: { readonly attributes?: readonly KeyValue[] } };

export type TraceReport = {
  readonly resourceSpans?: readonly (Resource & {
    readonly scopeSpans?: readonly { readonly spans?: readonly Span[] }[];
  })[];
};
export type LogReport = {
  readonly resourceLogs?: readonly (Resource & {
    readonly scopeLogs?: readonly { readonly logRecords?: readonly LogRecord[] }[];
  })[];
};
/** The sender of a report, from its resource. */
export function sourceOf({ resource }: Resource): Source {
  const attributes = plain(resource?.attributes);
  return {
    service: String(attributes['service.name'] ?? 'unknown'),
    instance: String(attributes['service.instance.id'] ?? ''),
  };
}

/** Attributes as an object. A value of a type that we do not show is empty. */
export function plain(attributes: readonly KeyValue[] = []): Record<string, string | number | boolean> {
  return Object.fromEntries(
    attributes.map(({ key, value = {} }) => {
      const { stringValue, intValue, doubleValue, boolValue } = value;
      return [
        key,
        stringValue ??
          (intValue === undefined ? undefined : Number(intValue)) ??
          doubleValue ??
          boolValue ??
          '',
      ];
    }),
  );
}

/** Milliseconds since the epoch, with fractions. */
export function milliseconds(unixNano = '0'): number {
  const nanoseconds = BigInt(unixNano);
  return Number(nanoseconds / 1_000_000n) + Number(nanoseconds % 1_000_000n) / 1e6;
}
