import { randomHex } from '../random-hex.ts';

/**
 * Keys for requests that must not take effect twice. A request without a final answer keeps its key for repetitions. A
 * different request, or a request after a final answer, gets a new key.
 *
 * The request is kept in memory only: a stored digest would not hide a card's few digits. After a reload the key is
 * new, and payment-service finishes the open payment before it charges the same cart again.
 */
export type IdempotencyKeys = {
  /** The key to send this request with. */
  keyFor(request: object): string;
  /** Call this after a final answer: the key is then not used again. */
  answered(): void;
};

/**
 * @param createKey makes a new key; default 32 random hexadecimal digits
 * @example
 * const keys = createIdempotencyKeys();
 * await ask('payment-service', '/payments', { method: 'POST', body, idempotencyKey: keys.keyFor(body) });
 * keys.answered();
 */
export function createIdempotencyKeys(createKey = () => randomHex(16)): IdempotencyKeys {
  let open: { request: string; key: string } | undefined;
  return {
    keyFor(request) {
      const text = JSON.stringify(request);
      if (open?.request !== text) open = { request: text, key: createKey() };
      return open.key;
    },
    answered() {
      open = undefined;
    },
  };
}
