import { idempotencyKeySchema, problemSchema } from '@latchkey/service-kit';
import { type Static, Type } from 'typebox';
import {
  type Cart,
  type CartLine,
  lineTotal,
  maximumQuantity,
  maximumUnitAmount,
  totalsOf,
} from './rules.ts';

const skuSchema = Type.String({
  // Not `.` or `..`: clients resolve these away in a path, so that the line could never be reached again.
  pattern: '^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,64}$',
  examples: ['tea-earl-grey'],
});

const quantitySchema = Type.Integer({ minimum: 1, maximum: maximumQuantity });

const priceSchema = Type.Object(
  {
    amount: Type.Integer({ minimum: 0, maximum: maximumUnitAmount, description: 'minor units (cents, yen)' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217' }),
  },
  { examples: [{ amount: 450, currency: 'EUR' }] },
);

export const totalSchema = Type.Object({
  amount: Type.Integer({ minimum: 0, description: 'minor units' }),
  currency: Type.String({ description: 'ISO 4217' }),
});

export const addBodySchema = Type.Object({
  sku: skuSchema,
  quantity: quantitySchema,
  unit_price: priceSchema,
});

export const additionHeadersSchema = Type.Object({
  'idempotency-key': Type.Optional(idempotencyKeySchema),
});

export const changeBodySchema = Type.Object({ quantity: quantitySchema });

export const lineParamsSchema = Type.Object({ sku: skuSchema });

export const lineSchema = Type.Object({
  sku: skuSchema,
  quantity: quantitySchema,
  unit_price: priceSchema,
  line_total: totalSchema,
});

export const cartSchema = Type.Object({
  items: Type.Array(lineSchema, { description: 'in the order in which they were put in' }),
  totals: Type.Array(totalSchema, { description: 'one sum; none for an empty cart' }),
  updated_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: 'null for an empty cart',
  }),
});

/** What every route can answer. */
export const commonProblems = {
  401: problemSchema,
  403: problemSchema,
  500: problemSchema,
  503: problemSchema,
};

export function toLineBody(line: CartLine): Static<typeof lineSchema> {
  return {
    sku: line.sku,
    quantity: line.quantity,
    unit_price: line.unitPrice,
    line_total: lineTotal(line),
  };
}

export function toCartBody({ lines, updatedAt }: Cart): Static<typeof cartSchema> {
  return {
    items: lines.map(toLineBody),
    totals: totalsOf(lines),
    updated_at: updatedAt?.toISOString() ?? null,
  };
}
