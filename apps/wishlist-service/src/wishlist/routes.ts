import { ProblemError, problemSchema, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import {
  addBodySchema,
  changeBodySchema,
  commonProblems,
  itemParamsSchema,
  itemSchema,
  toItemBody,
  wishlistSchema,
} from './schemas.ts';
import type { WishlistStore } from './store.ts';

const badBody = { 400: problemSchema, 413: problemSchema, 415: problemSchema };

const readRoute = {
  summary: 'Read one’s wishlist',
  tags: ['wishlist'],
  security: [{ bearer: ['wishlist:read'] }],
  response: { 200: wishlistSchema, ...commonProblems },
};

const addRoute = {
  summary: 'Wish for something',
  tags: ['wishlist'],
  security: [{ bearer: ['wishlist:write'] }],
  description:
    'A thing that is on the list already stays as it is, with its note (200). At most 200 items (409 wishlist_full).',
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
  response: { 204: Type.Null(), 400: problemSchema, 404: problemSchema, ...commonProblems },
};

/** The routes of the wishlist room. Whose wishlist it is says the token, and nothing else. */
export async function wishlistRoutes(app: Service, { store }: { store: WishlistStore }): Promise<void> {
  const mayRead = app.requireScope('wishlist:read');
  const mayWrite = app.requireScope('wishlist:write');

  app.get('/wishlist', { onRequest: mayRead, schema: readRoute }, async (request) => ({
    items: (await store.read(request.auth.subject)).map(toItemBody),
  }));

  app.post('/wishlist/items', { onRequest: mayWrite, schema: addRoute }, async (request, reply) => {
    const { sku, note = null } = request.body;
    const { item, created } = await store.add(request.auth.subject, { sku, note });
    reply.code(created ? 201 : 200);
    return toItemBody(item);
  });

  app.patch('/wishlist/items/:id', { onRequest: mayWrite, schema: changeRoute }, async (request) => {
    const { id } = request.params;
    const item = await store.changeNote(request.auth.subject, { id, note: request.body.note });
    if (item === undefined) throw itemNotFound();
    return toItemBody(item);
  });

  app.delete('/wishlist/items/:id', { onRequest: mayWrite, schema: removeRoute }, async (request, reply) => {
    if (!(await store.remove(request.auth.subject, request.params.id))) throw itemNotFound();
    return reply.code(204).send(null);
  });
}

/** One answer for an item that does not exist and for one that is somebody else's. */
function itemNotFound(): ProblemError {
  return new ProblemError({ status: 404, code: 'item_not_found', detail: 'There is no such item.' });
}
