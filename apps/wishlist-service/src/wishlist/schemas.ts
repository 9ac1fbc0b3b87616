import { problemSchema } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';
import { itemStatuses, maximumQuantity, maximumUnitAmount } from './move-rules.ts';
import { maximumNoteLength, type WishlistItem } from './rules.ts';

const skuSchema = Type.String({
  pattern: '^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,64}$',
  examples: ['tea-earl-grey'],
});

const noteSchema = Type.Union(
  [
    Type.String({
      // The limit for the typed text, which may be longer than the note that is kept.
      maxLength: 8 * maximumNoteLength,
      // Postgres cannot store U+0000 in a text.
      pattern: '^[^\\u0000]*$',
    }),
    Type.Null(),
  ],
  { description: `free text of at most ${maximumNoteLength} characters`, examples: ['for the birthday'] },
);

export const addBodySchema = Type.Object({ sku: skuSchema, note: Type.Optional(noteSchema) });

export const changeBodySchema = Type.Object({ note: noteSchema });

export const itemParamsSchema = Type.Object({ id: Type.String({ format: 'uuid' }) });

const priceSchema = Type.Object(
  {
    amount: Type.Integer({ minimum: 0, maximum: maximumUnitAmount, description: 'minor units (cents, yen)' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217' }),
  },
  { examples: [{ amount: 450, currency: 'EUR' }] },
);

export const moveBodySchema = Type.Object({
  unit_price: priceSchema,
  quantity: Type.Integer({ minimum: 1, maximum: maximumQuantity, default: 1 }),
});

export const movedSchema = Type.Object(
  { sku: skuSchema, quantity: Type.Integer(), unit_price: priceSchema },
  { description: 'the item that is now in the cart' },
);

export const itemSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  sku: skuSchema,
  note: noteSchema,
  status: Type.Unsafe<(typeof itemStatuses)[number]>({
    type: 'string',
    enum: itemStatuses,
    description:
      '`moving`: being moved into the cart, which may have it already; move it again or read the list to find out',
  }),
  added_at: Type.String({ format: 'date-time' }),
});

export const wishlistSchema = Type.Object({
  items: Type.Array(itemSchema, { description: 'in the order in which they were added' }),
});

/** What every route can answer. */
export const commonProblems = {
  401: problemSchema,
  403: problemSchema,
  500: problemSchema,
  503: problemSchema,
};

export function toItemBody(item: WishlistItem): Static<typeof itemSchema> {
  return {
    id: item.id,
    sku: item.sku,
    note: item.note,
    status: item.move === null ? 'wished' : 'moving',
    added_at: item.addedAt.toISOString(),
  };
}
