import type { ServiceCounters } from '@latchkey/auth-client';
import { Counter, type Registry } from 'prom-client';

const counted = [
  [
    'service_client_exchanges_total',
    'Tokens requested for calls to another service on a person’s behalf',
    'exchanges',
  ],
  ['service_client_failed_exchanges_total', 'Those that were refused or failed', 'failedExchanges'],
  ['service_client_kept_total', 'Calls for which a kept token was at hand', 'kept'],
  ['service_client_requests_total', 'Requests sent to other services, each attempt counted', 'requests'],
  ['service_client_failures_total', 'Calls to other services that failed', 'failures'],
] as const;

/**
 * Adds the service client's counters as metrics, `service_client_…_total{audience}`.
 *
 * @example addServiceClientMetrics(app.metrics, app.serviceClient.counters);
 */
export function addServiceClientMetrics(registry: Registry, counts: readonly ServiceCounters[]): void {
  for (const [name, help, property] of counted) {
    new Counter({
      name,
      help,
      labelNames: ['audience'],
      registers: [registry],
      collect() {
        this.reset();
        for (const count of counts) this.inc({ audience: count.audience }, count[property]);
      },
    });
  }
}
