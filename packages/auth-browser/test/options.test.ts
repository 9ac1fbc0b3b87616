import { expect, test } from 'vitest';
import { createBrowserSession } from '../src/index.ts';
import { checkOptions } from '../src/options.ts';

const good = {
  issuer: 'https://auth.example',
  clientId: 'storefront',
  services: ['https://cart.example', 'http://localhost:4002'],
};

test('the issuer’s origin and the listed ones may be sent the token', () => {
  const { issuer, origins } = checkOptions({ ...good, issuer: 'https://auth.example/tenant/' });
  expect(issuer).toBe('https://auth.example/tenant');
  expect([...origins]).toEqual(['https://auth.example', 'https://cart.example', 'http://localhost:4002']);
});

test.each([
  ['issuer', { issuer: 'auth.example' }],
  ['issuer', { issuer: 'file:///etc' }],
  ['issuer', { issuer: 'https://auth.example?x' }],
  ['issuer', { issuer: 'https://user:password@auth.example' }],
  ['issuer', { issuer: ' https://auth.example' }],
  ['clientId', { clientId: '' }],
  ['services', { services: ['https://cart.example/'] }],
  ['services', { services: ['https://cart.example/cart'] }],
  ['services', { services: ['*'] }],
  ['services', { services: ['null'] }],
])('refuses a wrong %s: %j', (option, wrong) => {
  expect(() => createBrowserSession({ ...good, ...wrong })).toThrow(
    expect.objectContaining({
      name: 'SessionError',
      code: 'invalid_options',
      message: expect.stringContaining(option),
    }),
  );
});

test('all faults are in one message', () => {
  expect(() => checkOptions({ issuer: '', clientId: '', services: ['x'] })).toThrow(
    /issuer .*; clientId .*; services .*"x"/,
  );
});
