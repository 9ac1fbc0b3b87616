import { tracingChannel } from 'node:diagnostics_channel';
import pg from 'pg';
import type { ActiveSpan, Tracer } from './spans.ts';

type RedisCommand = { readonly command: string };

/** Makes a span for each Redis command of a request, without its arguments. */
export function traceRedis(tracer: Tracer): void {
  const spans = new WeakMap<RedisCommand, { span: ActiveSpan; failed: boolean }>();
  tracingChannel<RedisCommand, RedisCommand>('ioredis:command').subscribe({
    start(message) {
      if (tracer.current() === undefined) return;
      const span = tracer.start({ name: `redis ${message.command}`, kind: 'client' });
      spans.set(message, { span, failed: false });
    },
    end() {},
    asyncStart() {},
    error(message) {
      const sent = spans.get(message);
      if (sent) sent.failed = true;
    },
    asyncEnd(message) {
      const sent = spans.get(message);
      spans.delete(message);
      sent?.span.end({
        failed: sent.failed,
        attributes: { 'db.system.name': 'redis', 'db.operation.name': message.command },
      });
    },
  });
}

type Query = (...args: unknown[]) => unknown;
type Callback = (error: unknown, ...rest: unknown[]) => void;

/**
 * Makes a span for each Postgres query of a request, without its text and values. pg has no diagnostics channel, so its
 * method is wrapped.
 */
export function tracePostgres(tracer: Tracer): void {
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const query = prototype.query;
  prototype.query = function (this: unknown, ...args: unknown[]): unknown {
    if (tracer.current() === undefined) return query.apply(this, args);
    const operation = operationOf(args[0]);
    const span = tracer.start({ name: `postgres ${operation}`, kind: 'client' });
    const end = (error: unknown) => {
      const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation };
      span.end({ failed: error !== undefined && error !== null, attributes });
    };
    const last = args.at(-1);
    if (typeof last === 'function') {
      const callback: Callback = (error, ...rest) => {
        end(error);
        (last as Callback)(error, ...rest);
      };
      return query.apply(this, [...args.slice(0, -1), callback]);
    }
    const result = query.apply(this, args);
    if (result instanceof Promise) result.then(() => end(undefined), end);
    return result;
  };
}

function operationOf(query: unknown): string {
  const text = typeof query === 'string' ? query : (query as { text?: unknown } | undefined)?.text;
  const [word] = typeof text === 'string' ? (/[a-z]+/i.exec(text) ?? []) : [];
  return word?.toLowerCase() ?? 'query';
}
