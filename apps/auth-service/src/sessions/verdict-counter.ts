import { Counter, type Registry } from 'prom-client';
import { type RefreshVerdict, refreshVerdicts } from './session.ts';

/**
 * Counts presented refresh tokens by verdict, as `refresh_tokens_total{verdict}`. A rising REPLAYED means that clients
 * refresh twice. Any ADOPTED means that Redis lost writes, any REUSED that a token was copied, and any LOST that Redis
 * lost sessions or evicts them.
 */
export function createVerdictCounter(registry: Registry): (verdict: RefreshVerdict) => void {
  const counter = new Counter({
    name: 'refresh_tokens_total',
    help: 'Refresh tokens presented, by verdict',
    labelNames: ['verdict'],
    registers: [registry],
  });
  // A series that begins with its first token cannot be seen to rise, and an alert would miss that token.
  for (const verdict of refreshVerdicts) counter.inc({ verdict }, 0);
  return (verdict) => counter.inc({ verdict });
}
