import { type Static, Type } from 'typebox';
import { totalsOf } from '../cart/rules.ts';
import { lineSchema, toLineBody, totalSchema } from '../cart/schemas.ts';
import { type Checkout, checkoutStatuses } from './rules.ts';

export const checkoutParamsSchema = Type.Object({ id: Type.String({ format: 'uuid' }) });

export const checkoutSchema = Type.Object({
  id: Type.String({ format: 'uuid', description: 'the payment’s id' }),
  status: Type.Unsafe<(typeof checkoutStatuses)[number]>({ type: 'string', enum: checkoutStatuses }),
  items: Type.Array(lineSchema, { description: 'the claimed lines; they do not change with the cart' }),
  totals: Type.Array(totalSchema, { description: 'one sum; none when nothing was claimed' }),
  claimed_at: Type.String({ format: 'date-time' }),
});

export function toCheckoutBody({ id, status, lines, claimedAt }: Checkout): Static<typeof checkoutSchema> {
  return {
    id,
    status,
    items: lines.map(toLineBody),
    totals: totalsOf(lines),
    claimed_at: claimedAt.toISOString(),
  };
}
