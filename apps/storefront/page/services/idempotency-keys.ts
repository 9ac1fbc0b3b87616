/**
 * Keys for requests that must not be done twice. A request that got no final answer keeps its key, so that sending it
 * again carries on with the same one; the next request after a final answer, and another request, get a new one.
 *
 * The request is remembered in memory alone, as a digest would not hide a card's few digits: whoever reloads the page
 * starts afresh, and payment-service brings what was open to its end before it charges the same cart again.
 */
export type IdempotencyKeys = {
  /** The key to send this request with. */
  keyFor(request: object): string;
  /** The request was answered for good: its key is not used again. */
  answered(): void;
};

/**
 * @param createKey makes a new key
 * @example
 * const keys = createIdempotencyKeys(() => crypto.randomUUID());
 * await ask('payment-service', '/payments', { method: 'POST', body, idempotencyKey: keys.keyFor(body) });
 * keys.answered();
 */
export function createIdempotencyKeys(createKey: () => string): IdempotencyKeys {
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
