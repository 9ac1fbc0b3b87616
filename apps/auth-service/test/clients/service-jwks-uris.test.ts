import { expect, test } from 'vitest';
import { createClientRegistry } from '../../src/clients/clients.ts';
import { parseServiceJwksUris } from '../../src/clients/service-jwks-uris.ts';

const uri = 'http://127.0.0.1:4003/.well-known/jwks.json';

test('each service is listed with the address of its keys, which may have a query', () => {
  const uris = parseServiceJwksUris([`payment-service=${uri}`, 'wishlist-service=https://w.example/k?a=b']);
  expect([...uris]).toEqual([
    ['payment-service', uri],
    ['wishlist-service', 'https://w.example/k?a=b'],
  ]);
});

test.each([
  ['no name', [uri]],
  ['an empty name', [`=${uri}`]],
  ['a name in capitals', [`Payment=${uri}`]],
  ['a name with a colon', [`a:b=${uri}`]],
  ['no address', ['payment-service=']],
  ['an address that is no URL', ['payment-service=payment:4003']],
  ['a file', ['payment-service=file:///etc/passwd']],
  ['a password in the address', ['payment-service=http://a:b@127.0.0.1/']],
  ['a service twice', [`payment-service=${uri}`, `payment-service=${uri}`]],
])('%s is refused', (_what, entries) => {
  expect(() => parseServiceJwksUris(entries)).toThrow(/entry 1 is not of the form|appears twice/);
});

test('no service can take the name of a client that people sign in with', () => {
  const serviceJwksUris = parseServiceJwksUris([`storefront=${uri}`]);
  expect(() =>
    createClientRegistry({ storefrontOrigins: [], serviceJwksUris, sessionLimits: new Map() }),
  ).toThrow(/another client/);
});
