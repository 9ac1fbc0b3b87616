import type { Database } from '../database/open-payment-database.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import type { CardProcessor } from './processor.ts';

/** The dependencies of the payment use cases. */
export type PaymentsContext = {
  readonly database: Database;
  readonly keys: IdempotencyStore;
  readonly processor: CardProcessor;
  /** How long the processor may take to answer. */
  readonly processorTimeoutMs: number;
  /** After this long, a run of a payment or refund counts as crashed. */
  readonly runMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};
