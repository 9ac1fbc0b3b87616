import { subscribe } from 'node:diagnostics_channel';
import { withoutTokens } from '../logging/logging.ts';
import { attributesOf, nanoseconds, type OtlpLogRecord } from './otlp.ts';

const severities: Readonly<Record<string, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
};

/** Passes on each line that pino logs, after secrets have been removed. */
export function followLogLines(onLine: (record: OtlpLogRecord) => void): void {
  subscribe('tracing:pino_asJson:end', (message) => {
    const { result } = message as { result?: unknown };
    const record = typeof result === 'string' ? recordOf(withoutTokens(result)) : undefined;
    if (record !== undefined) onLine(record);
  });
}

function recordOf(line: string): OtlpLogRecord | undefined {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { level, time, msg, trace_id: traceId, service: _, ...rest } = fields;
  const at = typeof time === 'string' ? Date.parse(time) : Number(time);
  return {
    timeUnixNano: nanoseconds(Number.isFinite(at) ? at : Date.now()),
    severityNumber: severities[String(level)] ?? 9,
    severityText: String(level),
    body: { stringValue: String(msg ?? '') },
    attributes: attributesOf(
      Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, plain(value)])),
    ),
    ...(typeof traceId === 'string' ? { traceId } : {}),
  };
}

function plain(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? undefined : JSON.stringify(value);
}
