import type { Card } from './card.ts';
import type { Money } from './money.ts';

/** `reference` is the payment's id. It is also the processor's idempotency key: one reference, one charge. */
export type ChargeRequest = {
  reference: string;
  amount: Money;
  card: Card;
};

/** `reference` is that of the charge to prevent. */
export type CancelRequest = Pick<ChargeRequest, 'reference' | 'amount'>;

/** `reference` is the refund's id, and the idempotency key of the refund. */
export type RefundRequest = {
  reference: string;
  /** The reference of the charge to refund. */
  chargeReference: string;
  amount: Money;
};

export type Outcome =
  | { outcome: 'succeeded' }
  | { outcome: 'declined'; reason: string }
  /** It is not known whether money moved. Repeating the call with the same reference tells. */
  | { outcome: 'unknown' };

/** The result of an inquiry. `not_found`: the processor does not know the reference. */
export type Inquiry = Outcome | { outcome: 'not_found' };

/**
 * The port to the card processor. An adapter answers `unknown` when it cannot tell what happened, stops when the signal
 * aborts, and throws only for its own faults. After a throw the payment stays as it was, and the next try resumes it.
 * Repeating a call with a known reference returns the first answer and moves no money.
 */
export type CardProcessor = {
  charge(request: ChargeRequest, signal: AbortSignal): Promise<Outcome>;
  inquire(reference: string, signal: AbortSignal): Promise<Inquiry>;
  /** Declines a reference for good, before its charge arrives. If that has arrived already, returns its verdict. */
  cancel(request: CancelRequest, signal: AbortSignal): Promise<Outcome>;
  refund(request: RefundRequest, signal: AbortSignal): Promise<Outcome>;
};

/**
 * Calls the processor and waits at most `timeoutMs` milliseconds, even when the adapter ignores its signal. A timeout
 * is `unknown`, never a failure: the money may have moved.
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
    // After the timeout, an error of the adapter changes nothing.
    answer.catch(() => undefined);
  }
}
