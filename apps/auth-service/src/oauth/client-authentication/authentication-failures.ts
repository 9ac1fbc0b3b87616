import { Counter, type Registry } from 'prom-client';
import type { AuditLog } from '../../audit/audit-log.ts';
import type { AuthenticationFailure } from './client-authentication.ts';

/** Anyone can fail at no cost, so each kind of failure is recorded once in this time. The metric counts every one. */
const recordEveryMs = 60_000;

export type AuthenticationFailuresOptions = {
  readonly audit: Pick<AuditLog, 'record'>;
  readonly registry: Registry;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/**
 * Records failed client authentication, as `client_authentication_failures_total{client,reason}` and in the audit log.
 * The audit log gets at most one line a minute for each client and reason, with the number of attempts.
 *
 * Does not limit attempts, because the secrets of clients have 256 random bits.
 */
export function createAuthenticationFailures(options: AuthenticationFailuresOptions) {
  const { audit, registry, clock } = options;
  const counter = new Counter({
    name: 'client_authentication_failures_total',
    help: 'Clients that could not be authenticated, by client and reason',
    labelNames: ['client', 'reason'],
    registers: [registry],
  });
  // Bounded by the number of clients times the number of reasons. Requests add neither.
  const recorded = new Map<string, { at: number; since: number }>();

  return ({ clientId, reason, origin }: AuthenticationFailure): void => {
    counter.inc({ client: clientId ?? 'unknown', reason });
    const kind = `${clientId ?? ''} ${reason}`;
    const last = recorded.get(kind);
    const now = clock();
    if (last !== undefined && Math.abs(now - last.at) < recordEveryMs) {
      last.since += 1;
      return;
    }
    recorded.set(kind, { at: now, since: 0 });
    const details = { reason, ...(last !== undefined && last.since > 0 && { unrecorded: last.since }) };
    audit.record({ event: 'client.authentication_failed', clientId, ...origin, details });
  };
}
