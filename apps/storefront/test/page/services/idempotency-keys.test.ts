import { describe, expect, it } from 'vitest';
import { createIdempotencyKeys } from '../../../page/services/idempotency-keys.ts';

function counted() {
  let made = 0;
  return createIdempotencyKeys(() => `key-${++made}`);
}

const order = { amount: { amount: 1900, currency: 'EUR' } };

describe('idempotency keys', () => {
  it('stay with a request until it is answered', () => {
    const keys = counted();
    expect(keys.keyFor(order)).toBe('key-1');
    expect(keys.keyFor(structuredClone(order))).toBe('key-1');
    keys.answered();
    expect(keys.keyFor(order)).toBe('key-2');
  });

  it('change with the request', () => {
    const keys = counted();
    expect(keys.keyFor(order)).toBe('key-1');
    expect(keys.keyFor({ amount: { amount: 2000, currency: 'EUR' } })).toBe('key-2');
    expect(keys.keyFor(order)).toBe('key-3');
  });
});
