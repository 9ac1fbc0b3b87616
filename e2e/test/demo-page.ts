import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Stack } from '@latchkey/dev-stack';
import type { ShownSpan } from '@latchkey/storefront/demo-api';

type Reply<T> = { status: number; body: T; headers: Headers };
type Call = { method?: string; body?: unknown; cookie?: string; traceId?: string };

/** The page's part of the demo: the requests that a browser sends to the storefront's own server. */
export function demoPage({ storefront }: Stack) {
  if (storefront === undefined) throw new Error('the stack has no storefront');
  const { port } = new URL(storefront.url);
  const origin = `http://localhost:${port}`;
  const headers = { origin, 'sec-fetch-site': 'same-origin' };

  return {
    origin,

    async ask<T>(path: string, { method = 'GET', body, cookie, traceId }: Call = {}): Promise<Reply<T>> {
      const response = await fetch(`${origin}/demo${path}`, {
        method,
        headers: {
          ...headers,
          ...(cookie !== undefined && { cookie }),
          ...(traceId !== undefined && { traceparent: traceparent(traceId) }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as T, headers: response.headers };
    },

    /** Spans of traces with this id prefix, as they arrive, until `stop`. */
    follow(prefix: string): { readonly spans: ShownSpan[]; stop(): void } {
      const spans: ShownSpan[] = [];
      const asked = request(`${origin}/demo/spans?trace_prefix=${prefix}`, { headers });
      asked.on('error', () => {});
      asked.on('response', (response) => {
        if (response.statusCode !== 200) return void json(response);
        let rest = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          const events = (rest + chunk).split('\n\n');
          rest = events.pop() ?? '';
          for (const event of events) {
            const [, data] = /^event: span\ndata: (.*)$/.exec(event) ?? [];
            if (data !== undefined) spans.push(JSON.parse(data) as ShownSpan);
          }
        });
      });
      asked.end();
      return { spans, stop: () => void asked.destroy() };
    },
  };
}

export function traceparent(traceId: string): string {
  return `00-${traceId}-00f067aa0ba902b7-01`;
}
