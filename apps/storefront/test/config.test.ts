import { expect, test } from 'vitest';
import { pageConfigOf, readConfig } from '../src/config.ts';
import { settings } from './storefront-fixture.ts';

test('the demo is off unless it is asked for', () => {
  expect(readConfig(settings).DEMO).toBe(false);
  expect(readConfig({ ...settings, DEMO: 'true' }).DEMO).toBe(true);
});

test('the demo does not start in production, nor without NODE_ENV', () => {
  const refusal = /^The configuration is not valid:\n {2}- DEMO is on and NODE_ENV is production: /;
  expect(() => readConfig({ ...settings, DEMO: 'true', NODE_ENV: 'production' })).toThrow(refusal);
  expect(() => readConfig({ ...settings, DEMO: '1', NODE_ENV: '' })).toThrow(refusal);
  expect(readConfig({ ...settings, NODE_ENV: 'production' }).DEMO).toBe(false);
});

test('accounts that cannot be read are named, and not shown', () => {
  const read = () => readConfig({ ...settings, DEMO: 'true', DEMO_ACCOUNTS: '[{"password":"hunter2"}]' });
  expect(read).toThrow('DEMO_ACCOUNTS is not valid');
  expect(read).not.toThrow('hunter2');
});

test('every missing setting is named', () => {
  expect(() => readConfig({})).toThrow(/PORT is missing.*STOREFRONT_ORIGIN is missing.*CART_ORIGIN/s);
});

test('people sign in at auth-service’s page, in the demo with the form of the page, unless SIGN_IN says otherwise', () => {
  const signIn = (more: object) => pageConfigOf(readConfig({ ...settings, ...more })).sign_in;
  expect([signIn({}), signIn({ DEMO: 'true' })]).toEqual(['code', 'password']);
  expect([signIn({ SIGN_IN: 'password' }), signIn({ DEMO: 'true', SIGN_IN: 'code' })]).toEqual([
    'password',
    'code',
  ]);
  expect(() => signIn({ SIGN_IN: 'magic' })).toThrow('SIGN_IN is not valid');
});

test('the page reaches auth-service at the issuer, path and all', () => {
  const services = (more: object) => pageConfigOf(readConfig({ ...settings, ...more })).services;
  expect(services({}).auth).toBe('http://localhost:4000');
  expect(services({ ISSUER: 'http://localhost:4000/auth' }).auth).toBe('http://localhost:4000/auth');
});

test('auth-service has one origin', () => {
  const refusal =
    /^The configuration is not valid:\n {2}- AUTH_ORIGIN is not valid: it is not the origin of ISSUER$/;
  for (const issuer of ['http://localhost:4005', 'https://localhost:4000', 'http://login.example:4000/auth'])
    expect(() => readConfig({ ...settings, ISSUER: issuer })).toThrow(refusal);
});
