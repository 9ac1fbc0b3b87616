import type { IncomingMessage } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import { traceContextOf } from './trace-context.ts';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
type ChildOptions = Parameters<FastifyBaseLogger['child']>[1];

/**
 * The logger of one request: its lines carry request_id and trace_id. The child logger is created with the first line,
 * because most requests log nothing, and creating it costs as much as answering a small request.
 */
export class RequestLogger implements FastifyBaseLogger {
  readonly #service: FastifyBaseLogger;
  readonly #raw: IncomingMessage;
  readonly #requestId: unknown;
  readonly #options: ChildOptions;
  #made: FastifyBaseLogger | undefined;

  constructor(service: FastifyBaseLogger, raw: IncomingMessage, requestId: unknown, options: ChildOptions) {
    this.#service = service;
    this.#raw = raw;
    this.#requestId = requestId;
    this.#options = options;
  }

  get #log(): FastifyBaseLogger {
    if (this.#made === undefined) {
      const ids = { request_id: this.#requestId, trace_id: traceContextOf(this.#raw).traceId };
      this.#made = this.#service.child(ids, this.#options);
    }
    return this.#made;
  }

  get level(): string {
    return this.#made?.level ?? this.#options?.level ?? this.#service.level;
  }

  set level(level: string) {
    this.#log.level = level;
  }

  fatal(...line: unknown[]): void {
    this.#write('fatal', line);
  }

  error(...line: unknown[]): void {
    this.#write('error', line);
  }

  warn(...line: unknown[]): void {
    this.#write('warn', line);
  }

  info(...line: unknown[]): void {
    this.#write('info', line);
  }

  debug(...line: unknown[]): void {
    this.#write('debug', line);
  }

  trace(...line: unknown[]): void {
    this.#write('trace', line);
  }

  silent(...line: unknown[]): void {
    this.#write('silent', line);
  }

  child(...input: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#log.child(...input);
  }

  #write(level: Level, line: unknown[]): void {
    const log = this.#log;
    Reflect.apply(log[level], log, line);
  }
}
