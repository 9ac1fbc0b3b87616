import { ProblemError } from '@latchkey/service-kit';
import type { CartAdditions } from '../src/wishlist/cart-additions.ts';
import type { CartRefusalCode, CartVerdict, Move } from '../src/wishlist/move-rules.ts';

type Line = { sku: string; quantity: number };

/**
 * Carts in this process that keep cart-service's rules for keyed additions: each key counts once, and its first verdict
 * stays, even a refusal. End-to-end tests use the real cart-service.
 */
export function createTestCarts() {
  const lines = new Map<string, Line[]>();
  const verdicts = new Map<string, CartVerdict>();
  let refusal: CartRefusalCode | undefined;
  let before: () => unknown = () => undefined;
  let after: () => unknown = () => undefined;

  function judge(subject: string, sku: string, move: Move): CartVerdict {
    const key = `${subject} ${move.id}`;
    const known = verdicts.get(key);
    if (known) return known;
    const verdict: CartVerdict = refusal ? { outcome: 'refused', code: refusal } : { outcome: 'added' };
    verdicts.set(key, verdict);
    if (verdict.outcome === 'added') {
      lines.set(subject, [...(lines.get(subject) ?? []), { sku, quantity: move.quantity }]);
    }
    return verdict;
  }

  return {
    in: (subject: string) => lines.get(subject) ?? [],
    /** The carts' answer to new keys from now on. Undefined: they accept. */
    refuse: (code: CartRefusalCode | undefined) => {
      refusal = code;
    },
    /** Runs before a call arrives. Throw to be unreachable; wait to be slow. */
    before: (hook: () => unknown) => {
      before = hook;
    },
    /** Runs after a call was executed, before its answer is sent. */
    after: (hook: () => unknown) => {
      after = hook;
    },
    healthy() {
      before = () => undefined;
      after = () => undefined;
      refusal = undefined;
    },
    of: (subject: string): CartAdditions => ({
      async add(sku, move) {
        await before();
        const verdict = judge(subject, sku, move);
        await after();
        return verdict;
      },
    }),
  };
}

/** The error when the cart cannot be reached. */
export function unreachable(): ProblemError {
  return new ProblemError({
    status: 503,
    code: 'hop_unavailable',
    detail: 'cart-service cannot be reached.',
  });
}
