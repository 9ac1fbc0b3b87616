import { type LogRecord, milliseconds, plain, type Source } from '@latchkey/service-kit/otlp';

export type ShownLine = {
  readonly time_ms: number;
  readonly service: string;
  readonly level: string;
  readonly severity: number;
  readonly message: string;
  readonly trace: string | undefined;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
};

export type LogFilter = {
  readonly service?: string;
  /** The least severity number (opentelemetry.io: 9 info, 13 warn, 17 error). */
  readonly severity?: number;
  readonly text?: string;
};

/** The newest log lines, in memory. */
export function createLogs(most = 4000) {
  let lines: ShownLine[] = [];
  return {
    add({ service }: Source, record: LogRecord): void {
      lines.push({
        time_ms: milliseconds(record.timeUnixNano),
        service,
        level: record.severityText ?? '',
        severity: record.severityNumber ?? 9,
        message: record.body?.stringValue ?? '',
        trace: record.traceId || undefined,
        attributes: plain(record.attributes),
      });
      // Not at each line, because each time all remaining lines are copied.
      if (lines.length > most * 1.5) lines = lines.slice(-most);
    },

    /** Newest first. */
    list(limit: number, filter: LogFilter = {}): ShownLine[] {
      return lines
        .filter((line) => matches(line, filter))
        .slice(-limit)
        .reverse();
    },

    /** In the order in which they were written. */
    ofTrace(trace: string): ShownLine[] {
      return lines.filter((line) => line.trace === trace);
    },
  };
}

function matches(line: ShownLine, { service, severity = 0, text = '' }: LogFilter): boolean {
  if (service && line.service !== service) return false;
  if (line.severity < severity) return false;
  return text === '' || JSON.stringify(line).toLowerCase().includes(text.toLowerCase());
}
