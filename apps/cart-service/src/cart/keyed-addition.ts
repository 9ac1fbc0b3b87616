import { and, desc, eq, lte } from 'drizzle-orm';
import type { Database } from '../database/open-cart-database.ts';
import { keyedAdditions } from '../database/schema.ts';
import { type Connection, holdingCart, linesOf, touchCart, writeLine } from './rows.ts';
import { type Addition, type CartLine, CartRefusal, isNew, lineAfterAdding } from './rules.ts';

/**
 * How many keys of one person are kept: five times the moves that a full wishlist can have under way. Beyond it the
 * oldest keys are deleted, so that nobody can fill the table.
 */
export const rememberedKeys = 1000;

type Verdict = Addition | CartRefusal;
type KeyedAddition = { readonly key: string; readonly addition: CartLine };

/**
 * Adds to a cart once for each key (draft-ietf-httpapi-idempotency-key-header). Repeating a key returns the first
 * result, also when that was a refusal by the rules.
 *
 * @throws {CartRefusal} idempotency_key_reused when the key came with another addition, and the refusals of adding
 * @example await addOnce(db, subject, { key: moveId, addition: { sku: 'tea', quantity: 1, unitPrice } });
 */
export async function addOnce(db: Database, subject: string, keyed: KeyedAddition): Promise<Addition> {
  const verdict = await db.transaction((tx) => holdingCart(tx, subject, () => decide(tx, subject, keyed)));
  // Thrown after the transaction, so that it commits the refusal.
  if (verdict instanceof CartRefusal) throw verdict;
  return verdict;
}

async function decide(tx: Connection, subject: string, keyed: KeyedAddition): Promise<Verdict> {
  const known = await find(tx, subject, keyed);
  if (known) return known;
  const verdict = judge(await linesOf(tx, subject), keyed.addition);
  if (!(verdict instanceof CartRefusal)) {
    await writeLine(tx, subject, verdict.line);
    await touchCart(tx, subject);
  }
  await remember(tx, subject, { ...keyed, verdict });
  return verdict;
}

function judge(lines: readonly CartLine[], addition: CartLine): Verdict {
  try {
    const line = lineAfterAdding(lines, addition);
    return { line, created: isNew(lines, line), replayed: false };
  } catch (error) {
    if (error instanceof CartRefusal) return error;
    throw error;
  }
}

async function find(
  tx: Connection,
  subject: string,
  { key, addition }: KeyedAddition,
): Promise<Verdict | undefined> {
  const [row] = await tx
    .select()
    .from(keyedAdditions)
    .where(and(eq(keyedAdditions.subject, subject), eq(keyedAdditions.key, key)));
  if (row === undefined) return undefined;
  const { sku, unitPrice } = addition;
  const same =
    row.sku === sku &&
    row.quantity === addition.quantity &&
    row.unitAmount === unitPrice.amount &&
    row.currency === unitPrice.currency;
  if (!same) return new CartRefusal('idempotency_key_reused');
  if (row.refusal !== null || row.lineQuantity === null)
    return new CartRefusal(row.refusal ?? 'quantity_limit');
  return { line: { sku, unitPrice, quantity: row.lineQuantity }, created: row.lineCreated, replayed: true };
}

async function remember(
  tx: Connection,
  subject: string,
  { key, addition, verdict }: KeyedAddition & { verdict: Verdict },
): Promise<void> {
  const outcome =
    verdict instanceof CartRefusal
      ? { refusal: verdict.code, lineQuantity: null, lineCreated: false }
      : { refusal: null, lineQuantity: verdict.line.quantity, lineCreated: verdict.created };
  await tx.insert(keyedAdditions).values({
    subject,
    key,
    sku: addition.sku,
    quantity: addition.quantity,
    unitAmount: addition.unitPrice.amount,
    currency: addition.unitPrice.currency,
    ...outcome,
  });
  const [tooOld] = await tx
    .select({ position: keyedAdditions.position })
    .from(keyedAdditions)
    .where(eq(keyedAdditions.subject, subject))
    .orderBy(desc(keyedAdditions.position))
    .offset(rememberedKeys)
    .limit(1);
  if (tooOld === undefined) return;
  await tx
    .delete(keyedAdditions)
    .where(and(eq(keyedAdditions.subject, subject), lte(keyedAdditions.position, tooOld.position)));
}
