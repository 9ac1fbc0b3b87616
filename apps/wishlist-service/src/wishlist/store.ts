import { and, asc, eq, sql } from 'drizzle-orm';
import type { Database } from '../database/open-wishlist-database.ts';
import { wishlistItems } from '../database/schema.ts';
import { checkRoom, type WishlistItem } from './rules.ts';

/** Wishlists, by the subject whose they are. Another subject's item is as unknown as one that does not exist. */
export interface WishlistStore {
  read(subject: string): Promise<WishlistItem[]>;
  /**
   * Adds a thing, or finds the item that is there already and leaves it as it is.
   *
   * @throws {WishlistRefusal}
   */
  add(
    subject: string,
    wish: { sku: string; note: string | null },
  ): Promise<{ item: WishlistItem; created: boolean }>;
  /** The changed item, or undefined when there is none with this id. */
  changeNote(subject: string, change: { id: string; note: string | null }): Promise<WishlistItem | undefined>;
  /** False when there is none with this id. */
  remove(subject: string, id: string): Promise<boolean>;
}

const columns = {
  id: wishlistItems.id,
  sku: wishlistItems.sku,
  note: wishlistItems.note,
  addedAt: wishlistItems.addedAt,
};

/** Keeps wishlists in Postgres. Additions to one wishlist happen one after the other, so that its limit holds. */
export function createWishlistStore(db: Database): WishlistStore {
  return {
    read: (subject) =>
      db
        .select(columns)
        .from(wishlistItems)
        .where(eq(wishlistItems.subject, subject))
        .orderBy(asc(wishlistItems.position)),

    add: (subject, { sku, note }) =>
      db.transaction(async (tx) => {
        // A lock on the subject: there is no row yet that could be locked. It ends with the transaction.
        await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${subject}, 0))`);
        const [present] = await tx
          .select(columns)
          .from(wishlistItems)
          .where(and(eq(wishlistItems.subject, subject), eq(wishlistItems.sku, sku)));
        if (present) return { item: present, created: false };
        checkRoom(await tx.$count(wishlistItems, eq(wishlistItems.subject, subject)));
        const [item] = await tx.insert(wishlistItems).values({ subject, sku, note }).returning(columns);
        if (item === undefined) throw new Error('an insert without a conflict returns its row');
        return { item, created: true };
      }),

    async changeNote(subject, { id, note }) {
      const [item] = await db
        .update(wishlistItems)
        .set({ note })
        .where(itemOf(subject, id))
        .returning(columns);
      return item;
    },

    async remove(subject, id) {
      return (await db.delete(wishlistItems).where(itemOf(subject, id)).returning(columns)).length > 0;
    },
  };
}

function itemOf(subject: string, id: string) {
  return and(eq(wishlistItems.subject, subject), eq(wishlistItems.id, id));
}
