import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { type LogReport, type Source, sourceOf, type TraceReport } from '@latchkey/service-kit/otlp';
import { createLogs } from './logs.ts';
import { createTraces } from './traces.ts';

const maxBytes = 16 * 1024 * 1024;
const page = join(import.meta.dirname, 'page');
const files: Readonly<Record<string, { file: string; type: string }>> = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/page.css': { file: 'page.css', type: 'text/css; charset=utf-8' },
  '/page.js': { file: 'page.js', type: 'text/javascript; charset=utf-8' },
};
const pageHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/**
 * Receives traces and log lines (OTLP over HTTP, in JSON) and shows them on one page. Keeps the newest in memory and
 * nothing on disk. Requires no sign-in: it is for one's own machine, behind a port on 127.0.0.1.
 */
export function createObserver(): Server {
  const traces = createTraces();
  const logs = createLogs();
  const reporting = new Set<string>();
  const heard = (source: Source): Source => {
    reporting.add(source.service);
    return source;
  };

  const take: Readonly<Record<string, (report: unknown) => void>> = {
    '/v1/traces': (report) => {
      for (const resource of (report as TraceReport).resourceSpans ?? [])
        for (const { spans = [] } of resource.scopeSpans ?? [])
          for (const span of spans) traces.add(heard(sourceOf(resource)), span);
    },
    '/v1/logs': (report) => {
      for (const resource of (report as LogReport).resourceLogs ?? [])
        for (const { logRecords = [] } of resource.scopeLogs ?? [])
          for (const record of logRecords) logs.add(heard(sourceOf(resource)), record);
    },
  };

  function show({ pathname: path, searchParams: query }: URL, response: ServerResponse): void {
    const file = files[path];
    const [, traceId] = /^\/api\/traces\/([0-9a-f]{32})$/.exec(path) ?? [];
    if (file !== undefined) {
      response.writeHead(200, { 'content-type': file.type, ...pageHeaders });
      response.end(readFileSync(join(page, file.file)));
    } else if (path === '/api/overview') {
      const [service, text] = [query.get('trace_service') ?? '', query.get('trace_text') ?? ''];
      const [from, words] = [query.get('log_service') ?? '', query.get('log_text') ?? ''];
      answer(response, 200, {
        services: [...reporting].sort(),
        traces: traces.list(100, { service, text, failed: query.get('trace_failed') === 'true' }),
        logs: logs.list(200, { service: from, text: words, severity: Number(query.get('log_severity')) }),
      });
    } else if (traceId !== undefined) {
      answer(response, 200, { spans: traces.spansOf(traceId), logs: logs.ofTrace(traceId) });
    } else answer(response, 404, {});
  }

  return createServer(async (request, response) => {
    const url = URL.parse(request.url ?? '', 'http://observe');
    if (url === null) return answer(response, 400, {});
    const taken = take[url.pathname];
    if (request.method === 'GET') return show(url, response);
    if (request.method !== 'POST' || taken === undefined) return answer(response, 404, {});
    if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
      return answer(response, 415, { message: 'send OTLP in JSON (OTEL_EXPORTER_OTLP_PROTOCOL=http/json)' });
    }
    try {
      taken(await json(limited(request)));
      answer(response, 200, { partialSuccess: {} });
    } catch (error) {
      answer(response, 400, { message: error instanceof Error ? error.message : 'not a report' });
    }
  });
}

async function* limited(request: IncomingMessage): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error('the report is too long');
    yield chunk;
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
