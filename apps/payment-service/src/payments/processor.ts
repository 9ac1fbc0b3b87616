import type { Card } from './card.ts';
import type { Money } from './money.ts';

/** `reference` is the payment's id. It is also the processor's idempotency key: one reference, one charge. */
export interface ChargeRequest {
  reference: string;
  amount: Money;
  card: Card;
}

/** `reference` is that of a charge which is not to be made. */
export type CancelRequest = Pick<ChargeRequest, 'reference' | 'amount'>;

/** `reference` is the refund's id, and the idempotency key of the refund. */
export interface RefundRequest {
  reference: string;
  /** The reference of the charge that is given back. */
  chargeReference: string;
  amount: Money;
}

export type Outcome =
  | { outcome: 'succeeded' }
  | { outcome: 'declined'; reason: string }
  /** It cannot be told whether money moved. Asking again, with the same reference, tells. */
  | { outcome: 'unknown' };

/** What an inquiry answers; `not_found`: the processor never heard of the reference. */
export type Inquiry = Outcome | { outcome: 'not_found' };

/**
 * The port to whoever moves the money. An adapter answers `unknown` when it cannot tell what happened, stops when the
 * signal aborts, and throws for faults of its own alone; after a throw the payment stays as it was, and is resumed by
 * the next try. Repeating a call with a reference that is known answers as the first one did, and moves no money.
 */
export interface CardProcessor {
  charge(request: ChargeRequest, signal: AbortSignal): Promise<Outcome>;
  inquire(reference: string, signal: AbortSignal): Promise<Inquiry>;
  /** Declines a charge that has not come yet, for good, so that it charges nothing when it comes; else its verdict. */
  cancel(request: CancelRequest, signal: AbortSignal): Promise<Outcome>;
  refund(request: RefundRequest, signal: AbortSignal): Promise<Outcome>;
}

/**
 * Asks the processor and waits no longer than `timeoutMs`, even when the adapter ignores its signal. Too late is
 * `unknown`, never a failure: the money may have moved.
 *
 * @example await askProcessor(2_000, (signal) => processor.charge(request, signal))
 */
export async function askProcessor<T extends Inquiry>(
  timeoutMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T | { outcome: 'unknown' }> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<{ outcome: 'unknown' }>((resolve) => {
    timer = setTimeout(() => {
      resolve({ outcome: 'unknown' });
      controller.abort();
    }, timeoutMs);
  });
  const answer = ask(controller.signal);
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
    // Whatever the adapter still throws after we stopped listening concerns nobody.
    answer.catch(() => undefined);
  }
}
