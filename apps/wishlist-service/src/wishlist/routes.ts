import { problemSchema, type Service } from '@latchkey/service-kit';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { CartAdditions } from './cart-additions.ts';
import { itemNotFound } from './item-not-found.ts';
import { moveToCart, settleMoves } from './move.ts';
import { keptNote } from './note.ts';
import {
  addBodySchema,
  changeBodySchema,
  commonProblems,
  itemParamsSchema,
  itemSchema,
  moveBodySchema,
  movedSchema,
  toItemBody,
  wishlistSchema,
} from './schemas.ts';
import type { WishlistStore } from './store.ts';

const badBody = { 400: problemSchema, 413: problemSchema, 415: problemSchema };

const readRoute = {
  summary: 'Read one’s wishlist',
  tags: ['wishlist'],
  security: [{ bearer: ['wishlist:read'] }],
  description:
    'First finishes moves into the cart that are under way, if the token has wishlist:write and cart:write and ' +
    'the cart can be reached.',
  response: { 200: wishlistSchema, ...commonProblems },
};

const addRoute = {
  summary: 'Add an item to the wishlist',
  tags: ['wishlist'],
  security: [{ bearer: ['wishlist:write'] }],
  description:
    'An item that is on the list already stays as it is, with its note (200). At most 200 items (409 wishlist_full).',
  body: addBodySchema,
  response: { 200: itemSchema, 201: itemSchema, ...badBody, 409: problemSchema, ...commonProblems },
};

const changeRoute = {
  summary: 'Change or remove the note of an item',
  tags: ['wishlist'],
  security: [{ bearer: ['wishlist:write'] }],
  params: itemParamsSchema,
  body: changeBodySchema,
  response: { 200: itemSchema, ...badBody, 404: problemSchema, ...commonProblems },
};

const removeRoute = {
  summary: 'Take an item off the list',
  tags: ['wishlist'],
  security: [{ bearer: ['wishlist:write'] }],
  params: itemParamsSchema,
  description: 'Not while it is being moved into the cart (409 item_moving).',
  response: {
    204: Type.Null(),
    400: problemSchema,
    404: problemSchema,
    409: problemSchema,
    ...commonProblems,
  },
};

const moveRoute = {
  summary: 'Move an item into the cart',
  tags: ['wishlist'],
  security: [{ bearer: ['wishlist:write', 'cart:write'] }],
  description:
    'wishlist-service adds the item to the cart on the person’s behalf, then takes it off the list. If the ' +
    'cart refuses it (409 cart_full, quantity_limit, currency_conflict; 422 invalid_currency), it stays on ' +
    'the list. A 502, 503 or 504 names the service that failed (hop): the item is then `moving`, until it ' +
    'is moved again or the list is read. Moving it again continues the first request. 404 also when it has ' +
    'been moved.',
  params: itemParamsSchema,
  body: moveBodySchema,
  response: {
    200: movedSchema,
    ...badBody,
    404: problemSchema,
    409: problemSchema,
    422: problemSchema,
    ...commonProblems,
    502: problemSchema,
    504: problemSchema,
  },
};

export type WishlistRoutesOptions = {
  readonly store: WishlistStore;
  /** Returns the requesting person's cart. */
  readonly cartOf: (request: FastifyRequest) => CartAdditions;
};

/** The wishlist routes. The token's subject alone decides whose wishlist it is. */
export async function wishlistRoutes(app: Service, { store, cartOf }: WishlistRoutesOptions): Promise<void> {
  const mayRead = app.requireScope('wishlist:read');
  const mayWrite = app.requireScope('wishlist:write');
  // The person must be allowed to do what wishlist-service does in the cart on their behalf.
  const mayMove = app.requireScope('wishlist:write', 'cart:write');

  app.get('/wishlist', { onRequest: mayRead, schema: readRoute }, async (request) => {
    const { subject, scopes } = request.auth;
    const items = await store.read(subject);
    // A person with read permission alone must not change a cart by reading.
    const settles = scopes.has('wishlist:write') && scopes.has('cart:write');
    if (!settles || items.every(({ move }) => move === null)) return { items: items.map(toItemBody) };
    const { settled, cartFault } = await settleMoves({ store, cart: cartOf(request) }, subject, items);
    if (cartFault !== undefined) request.log.warn({ err: cartFault }, 'a move could not be settled yet');
    return { items: (settled === 0 ? items : await store.read(subject)).map(toItemBody) };
  });

  app.post('/wishlist/items', { onRequest: mayWrite, schema: addRoute }, async (request, reply) => {
    const { sku, note = null } = request.body;
    const { item, created } = await store.add(request.auth.subject, { sku, note: keptNote(note) });
    reply.code(created ? 201 : 200);
    return toItemBody(item);
  });

  app.patch('/wishlist/items/:id', { onRequest: mayWrite, schema: changeRoute }, async (request) => {
    const { id } = request.params;
    const note = keptNote(request.body.note);
    const item = await store.changeNote(request.auth.subject, { id, note });
    if (item === undefined) throw itemNotFound();
    return toItemBody(item);
  });

  app.delete('/wishlist/items/:id', { onRequest: mayWrite, schema: removeRoute }, async (request, reply) => {
    if (!(await store.remove(request.auth.subject, request.params.id))) throw itemNotFound();
    return reply.code(204).send(null);
  });

  app.post('/wishlist/items/:id/move', { onRequest: mayMove, schema: moveRoute }, async (request) => {
    const { unit_price: unitPrice, quantity } = request.body;
    const { sku, move } = await moveToCart(
      { store, cart: cartOf(request) },
      { subject: request.auth.subject, itemId: request.params.id, order: { quantity, unitPrice } },
    );
    const { subject } = request.auth;
    request.log.info({ item_id: request.params.id, move_id: move.id, subject }, 'moved into the cart');
    return { sku, quantity: move.quantity, unit_price: move.unitPrice };
  });
}
