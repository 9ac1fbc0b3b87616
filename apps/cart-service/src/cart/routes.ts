import { idempotencyKeyOf, ProblemError, problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { acting } from './acting.ts';
import {
  addBodySchema,
  additionHeadersSchema,
  cartSchema,
  changeBodySchema,
  commonProblems,
  lineParamsSchema,
  lineSchema,
  toCartBody,
  toLineBody,
} from './schemas.ts';
import type { CartStore } from './store.ts';

const badBody = { 400: problemSchema, 413: problemSchema, 415: problemSchema };

const readRoute = {
  summary: 'Read one’s cart',
  tags: ['cart'],
  security: [{ bearer: ['cart:read'] }],
  response: { 200: cartSchema, ...commonProblems },
};

const addRoute = {
  summary: 'Put something into the cart',
  tags: ['cart'],
  security: [{ bearer: ['cart:write'] }],
  description:
    'If the cart has the SKU already, its quantity grows (200), and the newest price applies to all its pieces. ' +
    'A cart has one currency (409 currency_conflict), at most 100 lines (409 cart_full) and 999 pieces of each ' +
    '(409 quantity_limit). With an Idempotency-Key it is added once: a repeated key gets the first answer again, ' +
    'also a refusal, with Idempotency-Replayed: true. The same key with another body: 422 idempotency_key_reused. ' +
    'The newest 1,000 keys of a person are kept.',
  headers: additionHeadersSchema,
  body: addBodySchema,
  response: {
    200: lineSchema,
    201: lineSchema,
    ...badBody,
    409: problemSchema,
    422: problemSchema,
    ...commonProblems,
  },
};

const changeRoute = {
  summary: 'Change how many pieces of something the cart holds',
  tags: ['cart'],
  security: [{ bearer: ['cart:write'] }],
  params: lineParamsSchema,
  body: changeBodySchema,
  response: { 200: lineSchema, ...badBody, 404: problemSchema, ...commonProblems },
};

const removeRoute = {
  summary: 'Take something out of the cart',
  tags: ['cart'],
  security: [{ bearer: ['cart:write'] }],
  description: 'Also 204 when the cart has no such line, so that the request can be repeated.',
  params: lineParamsSchema,
  response: { 204: Type.Null(), 400: problemSchema, ...commonProblems },
};

const clearRoute = {
  summary: 'Empty the cart',
  tags: ['cart'],
  security: [{ bearer: ['cart:write'] }],
  response: { 204: Type.Null(), ...commonProblems },
};

/** The cart routes. The token's subject alone decides whose cart it is. */
export async function cartRoutes(app: Service, { store }: { store: CartStore }): Promise<void> {
  const mayRead = app.requireScope('cart:read');
  const mayWrite = app.requireScope('cart:write');

  app.get('/cart', { onRequest: mayRead, schema: readRoute }, async (request) =>
    toCartBody(await store.read(request.auth.subject)),
  );

  app.post('/cart/items', { onRequest: mayWrite, schema: addRoute }, async (request, reply) => {
    const { sku, quantity, unit_price: unitPrice } = request.body;
    const header = request.headers['idempotency-key'];
    const key = header === undefined ? undefined : idempotencyKeyOf(header);
    const { line, created, replayed } = await store.add(
      request.auth.subject,
      { sku, quantity, unitPrice },
      key,
    );
    if (request.auth.actor)
      request.log.info({ sku, replayed, ...acting(request.auth) }, 'added for somebody');
    reply.code(created ? 201 : 200).headers(replayed ? { 'idempotency-replayed': 'true' } : {});
    return toLineBody(line);
  });

  app.patch('/cart/items/:sku', { onRequest: mayWrite, schema: changeRoute }, async (request) => {
    const { sku } = request.params;
    const line = await store.changeQuantity(request.auth.subject, { sku, quantity: request.body.quantity });
    if (line === undefined) throw notInCart();
    return toLineBody(line);
  });

  app.delete('/cart/items/:sku', { onRequest: mayWrite, schema: removeRoute }, async (request, reply) => {
    await store.remove(request.auth.subject, request.params.sku);
    return reply.code(204).send(null);
  });

  app.delete('/cart', { onRequest: mayWrite, schema: clearRoute }, async (request, reply) => {
    await store.clear(request.auth.subject);
    return reply.code(204).send(null);
  });
}

function notInCart(): ProblemError {
  return new ProblemError({ status: 404, code: 'not_in_cart', detail: 'The cart does not hold this.' });
}
