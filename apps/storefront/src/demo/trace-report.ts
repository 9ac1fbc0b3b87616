import { Type } from 'typebox';

/** A sender may send more members than the page shows. */
const open = { additionalProperties: true };

const attributes = Type.Optional(
  Type.Array(
    Type.Object(
      {
        key: Type.String(),
        value: Type.Optional(
          Type.Object(
            {
              stringValue: Type.Optional(Type.String()),
              intValue: Type.Optional(Type.Union([Type.String(), Type.Number()])),
              doubleValue: Type.Optional(Type.Number()),
              boolValue: Type.Optional(Type.Boolean()),
            },
            open,
          ),
        ),
      },
      open,
    ),
  ),
);

const unixNano = Type.Optional(Type.String({ pattern: '^[0-9]{1,20}$' }));

const span = Type.Object(
  {
    traceId: Type.String(),
    spanId: Type.String(),
    parentSpanId: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    kind: Type.Optional(Type.Integer()),
    startTimeUnixNano: unixNano,
    endTimeUnixNano: unixNano,
    attributes,
  },
  open,
);

/**
 * A report of spans in OTLP's JSON encoding (opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), with the
 * members that the page shows.
 */
export const traceReportSchema = Type.Object(
  {
    resourceSpans: Type.Optional(
      Type.Array(
        Type.Object(
          {
            resource: Type.Optional(Type.Object({ attributes }, open)),
            scopeSpans: Type.Optional(
              Type.Array(Type.Object({ spans: Type.Optional(Type.Array(span)) }, open)),
            ),
          },
          open,
        ),
      ),
    ),
  },
  open,
);
