import pg from 'pg';
import { expect, test } from 'vitest';
import { urlForPg } from '../../src/settings/postgres-url.ts';

/** What pg makes of the URL; it would read the file of a certificate here. */
const tlsOf = (url: string) => new pg.Client({ connectionString: urlForPg(url) }).ssl;

test.each([
  'sslrootcert=system',
  'sslmode=verify-full&sslrootcert=system',
  'sslrootcert=system&sslmode=verify-full',
])('with %s a certificate of the authorities that Node.js trusts is required', (query) => {
  expect(tlsOf(`postgres://u:p@db.example/cart?${query}`)).toEqual({});
});

test('a file of another name is read', () => {
  for (const name of ['system.pem', './system', 'systems'])
    expect(() => tlsOf(`postgres://db.example/cart?sslrootcert=${name}`)).toThrow('ENOENT');
});

test('nothing else changes', () => {
  const url = 'postgres://u:sslrootcert=system@db.example/cart?application_name=sslrootcert';
  expect(urlForPg(url)).toBe(url);
});
