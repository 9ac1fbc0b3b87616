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
