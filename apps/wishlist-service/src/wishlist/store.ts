import { randomUUID } from 'node:crypto';
import { nowOrNever } from '@latchkey/service-kit';
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { Database } from '../database/open-wishlist-database.ts';
import { wishlistItems } from '../database/schema.ts';
import { type MoveOrder, moveTransitions } from './move-rules.ts';
import { checkRoom, type MovingItem, type WishlistItem, WishlistRefusal } from './rules.ts';

/** Wishlists, by the subject of their owner. Another subject's item is treated as one that does not exist. */
export type WishlistStore = {
  read(subject: string): Promise<WishlistItem[]>;
  /**
   * Adds an item, or returns the item with this SKU that is there already, unchanged.
   *
   * @throws {WishlistRefusal}
   */
  add(
    subject: string,
    wish: { sku: string; note: string | null },
  ): Promise<{ item: WishlistItem; created: boolean }>;
  /** The changed item, or undefined when there is none with this id. */
  changeNote(subject: string, change: { id: string; note: string | null }): Promise<WishlistItem | undefined>;
  /**
   * False when there is none with this id.
   *
   * @throws {WishlistRefusal} item_moving: it is not known whether the cart has it
   */
  remove(subject: string, id: string): Promise<boolean>;
  /** Marks an item as moving. Leaves one that is moving already as it is. Undefined when no item has this id. */
  beginMove(subject: string, move: { id: string; order: MoveOrder }): Promise<MovingItem | undefined>;
  /** Ends the move as the cart's verdict says. Does nothing when this move has ended already. */
  endMove(subject: string, end: { id: string; moveId: string; event: 'added' | 'refused' }): Promise<void>;
};

const noMove = { moveId: null, moveQuantity: null, moveUnitAmount: null, moveCurrency: null };

/** Keeps wishlists in Postgres. Additions to one wishlist run one after the other, so that its limit holds. */
export function createWishlistStore(db: Database): WishlistStore {
  return {
    async read(subject) {
      const rows = await db
        .select()
        .from(wishlistItems)
        .where(eq(wishlistItems.subject, subject))
        .orderBy(asc(wishlistItems.position));
      return rows.map(toItem);
    },

    add: (subject, { sku, note }) =>
      db.transaction(async (tx) => {
        // Locks the subject, because there may be no row to lock yet. The lock ends with the transaction.
        await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${subject}, 0))`);
        const [present] = await tx
          .select()
          .from(wishlistItems)
          .where(and(eq(wishlistItems.subject, subject), eq(wishlistItems.sku, sku)));
        if (present) return { item: toItem(present), created: false };
        checkRoom(await tx.$count(wishlistItems, eq(wishlistItems.subject, subject)));
        const [item] = await tx.insert(wishlistItems).values({ subject, sku, note }).returning();
        if (item === undefined) throw new Error('an insert without a conflict returns its row');
        return { item: toItem(item), created: true };
      }),

    async changeNote(subject, { id, note }) {
      const [item] = await nowOrNever(db, (tx) =>
        tx.update(wishlistItems).set({ note }).where(itemOf(subject, id)).returning(),
      );
      return item && toItem(item);
    },

    async remove(subject, id) {
      const removed = await nowOrNever(db, (tx) =>
        tx.delete(wishlistItems).where(and(itemOf(subject, id), isNull(wishlistItems.moveId))),
      );
      if (removed.rowCount !== 0) return true;
      if ((await db.$count(wishlistItems, itemOf(subject, id))) > 0) throw new WishlistRefusal('item_moving');
      return false;
    },

    async beginMove(subject, { id, order: { quantity, unitPrice } }) {
      const move = {
        moveId: sql`coalesce(${wishlistItems.moveId}, ${randomUUID()}::uuid)`,
        moveQuantity: sql`coalesce(${wishlistItems.moveQuantity}, ${quantity})`,
        moveUnitAmount: sql`coalesce(${wishlistItems.moveUnitAmount}, ${unitPrice.amount})`,
        moveCurrency: sql`coalesce(${wishlistItems.moveCurrency}, ${unitPrice.currency})`,
      };
      const [row] = await nowOrNever(db, (tx) =>
        tx.update(wishlistItems).set(move).where(itemOf(subject, id)).returning(),
      );
      const item = row && toItem(row);
      return item?.move ? { ...item, move: item.move } : undefined;
    },

    async endMove(subject, { id, moveId, event }) {
      const thisMove = and(itemOf(subject, id), eq(wishlistItems.moveId, moveId));
      if (moveTransitions.moving[event] === 'gone') await db.delete(wishlistItems).where(thisMove);
      else await db.update(wishlistItems).set(noMove).where(thisMove);
    },
  };
}

function itemOf(subject: string, id: string) {
  return and(eq(wishlistItems.subject, subject), eq(wishlistItems.id, id));
}

function toItem(row: typeof wishlistItems.$inferSelect): WishlistItem {
  const { moveId, moveQuantity, moveUnitAmount, moveCurrency } = row;
  const moving = moveId !== null && moveQuantity !== null && moveUnitAmount !== null && moveCurrency !== null;
  return {
    id: row.id,
    sku: row.sku,
    note: row.note,
    addedAt: row.addedAt,
    move: moving
      ? { id: moveId, quantity: moveQuantity, unitPrice: { amount: moveUnitAmount, currency: moveCurrency } }
      : null,
  };
}
