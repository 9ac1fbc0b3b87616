import { type LogRecord, milliseconds, plain, type Source } from './otlp.ts';

export type ShownLine = {
  readonly time_ms: number;
  readonly service: string;
  readonly level: string;
  readonly severity: number;
  readonly message: string;
  readonly trace: string | undefined;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
};

/** The newest log lines, in memory. */
export function createLogs(most = 2000) {
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
      // Not at each line: moving the others along costs as much as there are.
      if (lines.length > most * 1.5) lines = lines.slice(-most);
    },

    /** Newest first. */
    list(limit: number): ShownLine[] {
      return lines.slice(-limit).reverse();
    },

    /** In the order in which they were written. */
    ofTrace(trace: string): ShownLine[] {
      return lines.filter((line) => line.trace === trace);
    },
  };
}
