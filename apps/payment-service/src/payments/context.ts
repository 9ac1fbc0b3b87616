import type { Database } from '../database/open-payment-database.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import type { CardProcessor } from './processor.ts';

/** What the use-cases of this room work with; everything that they touch outside themselves comes in here. */
export type PaymentsContext = {
  readonly database: Database;
  readonly keys: IdempotencyStore;
  readonly processor: CardProcessor;
  /** How long the processor may take to answer. */
  readonly processorTimeoutMs: number;
  /** After this long, whoever was working on a payment or refund is taken to be gone. */
  readonly runMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};
