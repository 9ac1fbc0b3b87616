import type { Service } from '@latchkey/service-kit';
import { sourceOf } from '@latchkey/service-kit/otlp';
import { tags } from './context.ts';
import { noBrowsers } from './same-origin.ts';
import { shownSpanOf } from './shown-span.ts';
import type { Spans } from './spans.ts';
import { traceReportSchema } from './trace-report.ts';

const maxBytes = 16 * 1024 * 1024;

/** POST /v1/traces: receives the services' spans (OTLP over HTTP, in JSON). */
export async function otlpReceiver(app: Service, { spans }: { spans: Spans }): Promise<void> {
  const schema = { summary: 'Spans of services (OTLP over HTTP, in JSON)', tags, body: traceReportSchema };
  app.post(
    '/v1/traces',
    { onRequest: noBrowsers, bodyLimit: maxBytes, logLevel: 'warn', schema },
    async (request) => {
      for (const resource of request.body.resourceSpans ?? []) {
        const source = sourceOf(resource);
        for (const { spans: reported = [] } of resource.scopeSpans ?? []) {
          for (const span of reported) {
            const shown = shownSpanOf(source, span);
            if (shown) spans.add(shown);
          }
        }
      }
      return { partialSuccess: {} };
    },
  );
}
