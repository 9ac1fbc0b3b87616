// The parts of OTLP 1.x in its JSON encoding (opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding) that we send:
// ids in hex, 64-bit numbers as strings, enumerations as numbers.

type AttributeValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean };

export type Attribute = { readonly key: string; readonly value: AttributeValue };

export const spanKinds = { server: 2, client: 3 } as const;

export type OtlpSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  /** 0 unset, 2 error. */
  readonly status: { readonly code: 0 | 2 };
};

export type OtlpLogRecord = {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly Attribute[];
  readonly traceId?: string;
};

type NumberPoint = {
  readonly attributes: readonly Attribute[];
  readonly timeUnixNano: string;
  readonly startTimeUnixNano?: string;
  readonly asDouble: number;
};

type HistogramPoint = {
  readonly attributes: readonly Attribute[];
  readonly timeUnixNano: string;
  readonly startTimeUnixNano: string;
  readonly count: string;
  readonly sum: number;
  readonly bucketCounts: readonly string[];
  readonly explicitBounds: readonly number[];
};

/** The value counts from the start of the process, not from the last report. */
const cumulative = 2;

export type OtlpMetric = { readonly name: string; readonly description: string } & (
  | { readonly gauge: { readonly dataPoints: readonly NumberPoint[] } }
  | {
      readonly sum: {
        readonly dataPoints: readonly NumberPoint[];
        readonly aggregationTemporality: typeof cumulative;
        readonly isMonotonic: true;
      };
    }
  | {
      readonly histogram: {
        readonly dataPoints: readonly HistogramPoint[];
        readonly aggregationTemporality: typeof cumulative;
      };
    }
);

export type { HistogramPoint, NumberPoint };
export { cumulative };

/** Attributes for the defined values. */
export function attributesOf(
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): Attribute[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: attributeValue(value) }],
  );
}

function attributeValue(value: string | number | boolean): AttributeValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Milliseconds since the epoch, with fractions, as nanoseconds. */
export function nanoseconds(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  return String(BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6)));
}
