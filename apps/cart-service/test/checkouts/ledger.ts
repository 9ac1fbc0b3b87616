import fc from 'fast-check';

/** A step that a buyer or a payment of theirs takes with a cart. */
export type Step =
  | { do: 'add'; sku: string; quantity: number }
  | { do: 'change'; sku: string; quantity: number }
  | { do: 'remove'; sku: string }
  | { do: 'clear' }
  | { do: 'claim' | 'complete' | 'release'; id: number };

const sku = fc.constantFrom('a', 'b');
const quantity = fc.integer({ min: 1, max: 5 });
const id = fc.integer({ min: 0, max: 3 });
/** Any step. There are few ids and items, so that steps collide. */
export const anyStep = fc.oneof<fc.WeightedArbitrary<Step>[]>(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), sku, quantity }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), sku, quantity }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), sku }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
  // Releases are rare, because an id that is released before it claimed anything cannot be used again.
  { weight: 5, arbitrary: fc.record({ do: fc.constant('claim' as const), id }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('complete' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), id }) },
);

/** The expected state in pieces: how many the cart holds, and how many each claim holds. */
export class Ledger {
  readonly inCart = new Map<string, number>();
  readonly claims = new Map<
    number,
    { status: 'open' | 'completed' | 'released'; pieces: Map<string, number> }
  >();
  added = 0;
  takenOutByHand = 0;
  paid = 0;
  /** Paid for, but removed by hand after the claim. */
  paidAndTakenOut = 0;

  apply(step: Step): string | undefined {
    switch (step.do) {
      case 'add':
        this.added += step.quantity;
        return this.#set(step.sku, this.#of(step.sku) + step.quantity);
      case 'change':
        if (!this.inCart.has(step.sku)) return undefined;
        this.takenOutByHand += this.#of(step.sku) - step.quantity;
        return this.#set(step.sku, step.quantity);
      case 'remove':
        this.takenOutByHand += this.#of(step.sku);
        return this.#set(step.sku, 0);
      case 'clear':
        for (const one of [...this.inCart.keys()]) this.apply({ do: 'remove', sku: one });
        return undefined;
      case 'claim':
        return this.#claim(step.id);
      case 'complete':
      case 'release':
        return this.#end(step.id, step.do);
    }
  }

  #claim(id: number): string | undefined {
    if (this.claims.has(id)) return this.claims.get(id)?.status;
    if ([...this.claims.values()].some(({ status }) => status === 'open')) return 'checkout_in_progress';
    if (this.inCart.size === 0) return 'cart_empty';
    this.claims.set(id, { status: 'open', pieces: new Map(this.inCart) });
    return 'open';
  }

  #end(id: number, how: 'complete' | 'release'): string | undefined {
    const claim = this.claims.get(id);
    const ended = how === 'complete' ? 'completed' : 'released';
    if (claim === undefined && how === 'complete') return 'checkout_not_found';
    if (claim === undefined) this.claims.set(id, { status: 'released', pieces: new Map() });
    if (claim === undefined || claim.status === ended) return ended;
    if (claim.status !== 'open') return `checkout_${claim.status}`;
    claim.status = ended;
    if (how === 'release') return ended;
    for (const [one, pieces] of claim.pieces) {
      this.paid += pieces;
      this.paidAndTakenOut += Math.max(0, pieces - this.#of(one));
      this.#set(one, Math.max(0, this.#of(one) - pieces));
    }
    return ended;
  }

  #of(one: string): number {
    return this.inCart.get(one) ?? 0;
  }

  #set(one: string, pieces: number): undefined {
    if (pieces === 0) this.inCart.delete(one);
    else this.inCart.set(one, pieces);
  }
}
