import { problemSchema } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';
import { maximumNoteLength, type WishlistItem } from './rules.ts';

const skuSchema = Type.String({
  pattern: '^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,64}$',
  examples: ['tea-earl-grey'],
});

const noteSchema = Type.Union(
  [
    Type.String({
      maxLength: maximumNoteLength,
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

export const itemSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  sku: skuSchema,
  note: noteSchema,
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
  return { id: item.id, sku: item.sku, note: item.note, added_at: item.addedAt.toISOString() };
}
