import { expect, it } from 'vitest';
import { serviceUnderTest } from '../service-under-test.ts';

const wrong = [
  { what: 'a type that is none', schema: { type: 'strng' } },
  { what: 'a keyword that is none', schema: { type: 'string', patern: 'x' } },
  { what: 'a limit that is no number', schema: { type: 'integer', minimum: '3' } },
  { what: 'a pattern that is no regular expression', schema: { type: 'string', pattern: '(' } },
  { what: 'required properties that are no list', schema: { type: 'object', required: 'sku' } },
  { what: 'an enumeration that is no list', schema: { enum: 'open' } },
];

it.each(wrong)('a service does not start with a route whose schema has $what', async ({ schema }) => {
  const { app } = await serviceUnderTest();
  app.post('/things', { schema: { body: schema } }, async () => ({}));
  await expect(app.ready()).rejects.toThrow('POST: /things');
});

it('one schema for a body and a query is strict about the body and coerces the query, in each service anew', async () => {
  const things = { type: 'object', properties: { count: { type: 'integer' } } };
  for (let service = 0; service < 2; service += 1) {
    const { app } = await serviceUnderTest();
    app.post('/things', { schema: { body: structuredClone(things) } }, async ({ body }) => body);
    app.get('/things', { schema: { querystring: structuredClone(things) } }, async ({ query }) => query);
    const post = (payload: object) => app.inject({ method: 'POST', url: '/things', payload });
    expect((await post({ count: 1 })).json()).toEqual({ count: 1 });
    expect((await post({ count: '1' })).statusCode).toBe(400);
    expect((await post({ counts: 1 })).statusCode).toBe(400);
    expect((await app.inject('/things?count=1')).json()).toEqual({ count: 1 });
  }
});

it('answers are written by their own schema', async () => {
  const { app } = await serviceUnderTest();
  const answer = { sku: 'tea', count: 1 };
  const schemas = { '/sku': { sku: { type: 'string' } }, '/count': { count: { type: 'integer' } } };
  for (const [url, properties] of Object.entries(schemas))
    app.get(url, { schema: { response: { 200: { type: 'object', properties } } } }, async () => answer);
  expect((await app.inject('/sku')).json()).toEqual({ sku: 'tea' });
  expect((await app.inject('/count')).json()).toEqual({ count: 1 });
});

it('only a UUID as RFC 9562 §4 writes it is one, in either case', async () => {
  const { app } = await serviceUnderTest();
  const params = { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } };
  app.get('/things/:id', { schema: { params } }, async () => ({}));
  const statusOf = async (id: string) => (await app.inject(`/things/${encodeURIComponent(id)}`)).statusCode;
  const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
  for (const id of [uuid, uuid.toUpperCase()]) expect([id, await statusOf(id)]).toEqual([id, 200]);
  for (const id of [`urn:uuid:${uuid}`, `{${uuid}}`, `${uuid}\n`, uuid.replaceAll('-', '')])
    expect([id, await statusOf(id)]).toEqual([id, 400]);
});
