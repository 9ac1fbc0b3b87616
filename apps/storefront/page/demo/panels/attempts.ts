import { config } from '../../config.ts';
import { session } from '../../session/session.ts';
import { readProblem } from '../../traffic/problem.ts';
import { verdictOf } from '../lanes/verdicts.ts';

const { cart, wishlist, payment } = config.services;

/** The attempts while parts of the system are stopped. */
export const attempts = [
  ...['read_cart', 'read_wishlist', 'read_payments', 'write_cart'],
  ...['pay', 'refresh'],
] as const;
export type Attempt = (typeof attempts)[number];

/** HTTP status, 0 for none, and the code of the problem document. */
export type Outcome = { readonly status: number; readonly code: string | null };

export type Outcomes = Readonly<Record<Attempt, Outcome>>;

/** Makes all attempts at once, with real requests that change nothing. */
export async function tryAll(): Promise<Outcomes> {
  const [reads, changes] = await Promise.all([
    Promise.all([`${cart}/cart`, `${wishlist}/wishlist`, `${payment}/payments`].map((url) => send(url))),
    Promise.all([removeNothing(), payNothing(), renew()]),
  ]);
  const [readCart = none, readWishlist = none, readPayments = none] = reads;
  const [writeCart, pay, refresh] = changes;
  return {
    read_cart: readCart,
    read_wishlist: readWishlist,
    read_payments: readPayments,
    write_cart: writeCart,
    pay,
    refresh,
  };
}

/** What an outcome means while a part is stopped. */
export function meaningOf({ status }: Outcome): 'carries_on' | 'closed' | 'denied' {
  const verdict = verdictOf(status);
  if (verdict === 'passed' || verdict === 'turned_down') return 'carries_on';
  return status === 403 ? 'denied' : 'closed';
}

const none: Outcome = { status: 0, code: 'no_answer' };

async function send(url: string, init?: RequestInit): Promise<Outcome> {
  try {
    const answer = await session.fetch(`${url}#probe`, init);
    const problem = await readProblem(answer);
    return { status: answer.status, code: problem?.code ?? null };
  } catch {
    return none;
  }
}

/** Removes a line that the cart does not have, which is a 204. */
function removeNothing(): Promise<Outcome> {
  return send(`${cart}/cart/items/nothing-of-this-name`, { method: 'DELETE' });
}

/**
 * A payment without amount and card. payment-service checks the token and the age of its revocation list before the
 * body. A valid body would begin a checkout of the person's cart.
 */
function payNothing(): Promise<Outcome> {
  return send(`${payment}/payments`, { method: 'POST' });
}

async function renew(): Promise<Outcome> {
  try {
    const { status } = await session.refresh();
    return status === 'signed_in' ? { status: 200, code: null } : { status: 401, code: 'session_ended' };
  } catch (error) {
    const { status = null, code = null } = error as { status?: number | null; code?: string };
    return { status: status ?? 0, code };
  }
}
