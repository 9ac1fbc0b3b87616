import { eq, sql } from 'drizzle-orm';
import type { Connection, Database } from '../database/open-payment-database.ts';
import { sandboxLedger } from '../database/schema.ts';
import type {
  CancelRequest,
  CardProcessor,
  ChargeRequest,
  Inquiry,
  Outcome,
  RefundRequest,
} from './processor.ts';

type Entry = typeof sandboxLedger.$inferSelect;
type Settled = { outcome: 'succeeded' } | { outcome: 'declined'; reason: string };

const succeeded: Settled = { outcome: 'succeeded' };

/** The outcome of each sandbox card. Any other number is declined, so that no real card is ever charged. */
const sandboxCards: Readonly<Record<string, Settled & { silent?: true }>> = {
  '4242424242424242': succeeded,
  '5555555555554444': succeeded,
  '378282246310005': succeeded,
  '4000000000000002': { outcome: 'declined', reason: 'card_declined' },
  '4000000000009995': { outcome: 'declined', reason: 'insufficient_funds' },
  // These two are recorded, but the first call gets no answer. A repetition tells: one was charged, one declined.
  '4000000000000119': { ...succeeded, silent: true },
  '4000000000000127': { outcome: 'declined', reason: 'card_declined', silent: true },
};

/**
 * A card processor that moves no money. It keeps books: a known reference gets its answer from them, and charges
 * nothing. The card number decides the outcome (sandboxCards), and is not stored.
 *
 * @example createSandboxProcessor(database)
 */
export function createSandboxProcessor(database: Database): CardProcessor {
  return {
    async charge({ reference, amount, card }: ChargeRequest, signal: AbortSignal): Promise<Outcome> {
      const { silent, ...verdict } = sandboxCards[card.number] ?? {
        outcome: 'declined',
        reason: 'not_a_sandbox_card',
      };
      const entry = await record(database, { reference, amount, verdict, chargeReference: null });
      if (silent && entry.calls === 1) await untilAborted(signal);
      return toOutcome(entry);
    },

    async inquire(reference: string): Promise<Inquiry> {
      const [entry] = await database
        .select()
        .from(sandboxLedger)
        .where(eq(sandboxLedger.reference, reference));
      return entry ? toOutcome(entry) : { outcome: 'not_found' };
    },

    async cancel({ reference, amount }: CancelRequest): Promise<Outcome> {
      const verdict: Settled = { outcome: 'declined', reason: 'cancelled' };
      const entry = await record(database, { reference, amount, verdict, chargeReference: null });
      return toOutcome(entry);
    },

    async refund({ reference, chargeReference, amount }: RefundRequest): Promise<Outcome> {
      return database.transaction(async (transaction) => {
        const left = await leftOf(transaction, chargeReference, reference);
        const verdict: Settled =
          amount.amount <= left ? succeeded : { outcome: 'declined', reason: 'exceeds_captured' };
        return toOutcome(await record(transaction, { reference, amount, verdict, chargeReference }));
      });
    },
  };
}

type NewEntry = Pick<ChargeRequest, 'reference' | 'amount'> & {
  verdict: Settled;
  chargeReference: string | null;
};

/** Keeps the first verdict on a reference. Further calls are counted, and change nothing. */
async function record(connection: Connection, { reference, amount, verdict, chargeReference }: NewEntry) {
  const [entry] = await connection
    .insert(sandboxLedger)
    .values({
      reference,
      chargeReference,
      outcome: verdict.outcome,
      reason: verdict.outcome === 'declined' ? verdict.reason : null,
      amount: amount.amount,
      currency: amount.currency,
    })
    .onConflictDoUpdate({ target: sandboxLedger.reference, set: { calls: sql`${sandboxLedger.calls} + 1` } })
    .returning();
  if (entry === undefined) throw new Error('the sandbox ledger took no entry');
  if (entry.amount !== amount.amount || entry.currency !== amount.currency) {
    throw new Error(`reference ${reference} came with another amount before`);
  }
  return entry;
}

/** What is left of a charge without the refund `except`. Locks the charge until the transaction ends. */
async function leftOf(connection: Connection, chargeReference: string, except: string): Promise<number> {
  const charge = eq(sandboxLedger.reference, chargeReference);
  const [entry] = await connection.select().from(sandboxLedger).where(charge).for('update');
  if (entry?.outcome !== 'succeeded') return 0;
  const given = await connection
    .select()
    .from(sandboxLedger)
    .where(eq(sandboxLedger.chargeReference, chargeReference));
  return given
    .filter((refund) => refund.outcome === 'succeeded' && refund.reference !== except)
    .reduce((left, refund) => left - refund.amount, entry.amount);
}

function toOutcome({ outcome, reason }: Entry): Outcome {
  return outcome === 'succeeded' ? { outcome } : { outcome, reason: reason ?? 'card_declined' };
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
