import { expect, test } from 'vitest';
import { byService, knownServices, nameOf, serviceKeys, services, verifierKeys } from '../src/services.ts';

test('each service has a port of its own', () => {
  const ports = Object.values(services).map(({ port }) => port);
  expect(new Set(ports).size).toBe(ports.length);
});

test('names and settings follow from the key', () => {
  expect(services.cart).toMatchObject({
    name: 'cart-service',
    portVariable: 'CART_PORT',
    urlVariable: 'CART_URL',
  });
});

test.each(verifierKeys)('%s calls services that exist, and its scopes are its own', (key) => {
  const { calls, scopes, actorScopes } = services[key];
  const names = knownServices.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(Object.keys(calls).map(nameOf)));
  for (const scope of [...Object.keys(scopes), ...actorScopes]) expect(scope).toMatch(`${key}:`);
});

test('byService makes one of each', () => {
  expect(Object.keys(byService((key) => key))).toEqual(serviceKeys);
});
