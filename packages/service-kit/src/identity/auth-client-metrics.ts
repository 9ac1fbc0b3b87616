import type { AuthClient } from '@latchkey/auth-client';
import { Counter, Gauge, type Registry } from 'prom-client';

type Reading = readonly [name: string, help: string, read: () => number];

/**
 * Adds metrics of the issuer's keys, `latchkey_key_set_…`, and of the revocation list, if there is one,
 * `latchkey_revocation_…`. Ages are +Inf before the first time.
 *
 * @example addAuthClientMetrics(app.metrics, app.authClient);
 */
export function addAuthClientMetrics(
  registry: Registry,
  client: Omit<AuthClient, 'ready' | 'verify' | 'inspect' | 'onRevoked'>,
): void {
  const registers = [registry];
  const { revocations } = client;
  const gauges: Reading[] = [
    ['latchkey_key_set_age_seconds', 'Time since the keys were fetched', () => client.keySetAgeSeconds],
    ['latchkey_key_set_keys', 'Usable keys in the set', () => client.keySetSize],
    ['latchkey_verified_tokens', 'Verified tokens that are remembered', () => client.verifiedTokens],
  ];
  if (revocations) {
    gauges.push(
      [
        'latchkey_revocation_lag_seconds',
        'Time since the list of revocations was last complete',
        () => revocations.lagSeconds,
      ],
      ['latchkey_revocation_entries', 'Revocations that are held', () => revocations.entries],
    );
    addCounter(registry, [
      'latchkey_revocation_reconnects_total',
      'How often the feed of revocations was opened again',
      () => revocations.reconnects,
    ]);
    addCounter(registry, [
      'latchkey_revocation_refused_events_total',
      'Events of the feed of revocations that were refused',
      () => revocations.refusedEvents,
    ]);
  }
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
}

function addCounter(registry: Registry, [name, help, read]: Reading): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
