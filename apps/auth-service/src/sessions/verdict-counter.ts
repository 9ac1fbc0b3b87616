import { Counter, type Registry } from 'prom-client';
import type { RefreshVerdict } from './session.ts';

/**
 * Counts what became of refresh tokens, as `refresh_tokens_total{verdict}`. A rising REPLAYED says that clients refresh
 * twice; any ADOPTED, that Redis lost writes; any REUSED, that a token was copied; any LOST, that
 * Redis lost sessions or evicts them.
 */
export function createVerdictCounter(registry: Registry): (verdict: RefreshVerdict) => void {
  const counter = new Counter({
    name: 'refresh_tokens_total',
    help: 'Refresh tokens presented, by verdict',
    labelNames: ['verdict'],
    registers: [registry],
  });
  return (verdict) => counter.inc({ verdict });
}
