import { randomUUID } from 'node:crypto';
import { ProblemError } from '@latchkey/service-kit';
import type { CartCheckout, CartClaim } from '../src/payments/cart-checkout.ts';
import type { Money } from '../src/payments/money.ts';

type Step = 'claim' | 'complete' | 'release';
type Thing = Money & { id: string };
type Checkout = { status: 'open' | 'completed' | 'released'; things: Thing[] };

export type TestCarts = ReturnType<typeof createTestCarts>;

/**
 * Carts in this process that keep cart-service's rules: one open claim at a time, the first claim under an id stays,
 * claimed items are removed once, and an end is final. End-to-end tests use the real cart-service.
 */
export function createTestCarts() {
  const carts = new Map<string, { things: Thing[]; checkouts: Map<string, Checkout> }>();
  const calls: Step[] = [];
  let before: (step: Step) => unknown = () => undefined;
  let after: (step: Step) => unknown = () => undefined;

  function cartOf(subject: string) {
    const cart = carts.get(subject) ?? { things: [], checkouts: new Map<string, Checkout>() };
    carts.set(subject, cart);
    return cart;
  }

  /** Simulates a network: a call may fail before it arrives or after it was executed. */
  async function perform<T>(step: Step, work: () => T): Promise<T> {
    calls.push(step);
    await before(step);
    const result = work();
    await after(step);
    return result;
  }

  function claim(subject: string, id: string): CartClaim {
    const { things, checkouts } = cartOf(subject);
    const known = checkouts.get(id);
    if (known) return toClaim(known);
    if ([...checkouts.values()].some(({ status }) => status === 'open')) return { state: 'in_progress' };
    if (things.length === 0) return { state: 'cart_empty' };
    const checkout: Checkout = { status: 'open', things: [...things] };
    checkouts.set(id, checkout);
    return toClaim(checkout);
  }

  function end(subject: string, id: string, status: 'completed' | 'released'): void {
    const cart = cartOf(subject);
    const checkout = cart.checkouts.get(id);
    if (checkout === undefined && status === 'completed') throw new Error('nothing was claimed');
    if (checkout === undefined) cart.checkouts.set(id, { status, things: [] });
    if (checkout === undefined || checkout.status === status) return;
    if (checkout.status !== 'open') throw new Error(`${checkout.status} before it was ${status}`);
    checkout.status = status;
    if (status === 'completed') {
      cart.things = cart.things.filter((thing) => checkout.things.every(({ id: paid }) => paid !== thing.id));
    }
  }

  return {
    /** The calls to all carts, in order. */
    calls,
    /** Adds something. */
    put: (subject: string, price: Money) =>
      void cartOf(subject).things.push({ id: randomUUID(), amount: price.amount, currency: price.currency }),
    /** Makes the cart cost exactly this amount. */
    hold(subject: string, price: Money) {
      cartOf(subject).things = [];
      this.put(subject, price);
    },
    amountsIn: (subject: string) => cartOf(subject).things.map(({ amount }) => amount),
    statusesOf: (subject: string) => [...cartOf(subject).checkouts.values()].map(({ status }) => status),
    /** Runs before a call arrives. Throw to be unreachable; wait to be slow. */
    before: (hook: (step: Step) => unknown) => {
      before = hook;
    },
    /** Runs after a call was executed, before its answer is sent. */
    after: (hook: (step: Step) => unknown) => {
      after = hook;
    },
    healthy() {
      before = () => undefined;
      after = () => undefined;
    },
    of: (subject: string): CartCheckout => ({
      claim: (id) => perform('claim', () => claim(subject, id)),
      complete: (id) => perform('complete', () => end(subject, id, 'completed')),
      release: (id) => perform('release', () => end(subject, id, 'released')),
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

function toClaim({ status, things }: Checkout): CartClaim {
  const [first] = things;
  if (status === 'released' || first === undefined) return { state: 'given_up' };
  const amount = things.reduce((sum, thing) => sum + thing.amount, 0);
  return { state: 'claimed', total: { amount, currency: first.currency } };
}
