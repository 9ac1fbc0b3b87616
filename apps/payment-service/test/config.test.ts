import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';

const env = {
  PORT: '4003',
  DATABASE_URL: 'postgres://127.0.0.1/payment',
  ISSUER: 'http://localhost:4000',
  JWKS_URI: 'http://localhost:4000/.well-known/jwks.json',
  CART_URL: 'http://localhost:4001',
  TOKEN_ENDPOINT: 'http://localhost:4000/token',
  REVOCATIONS_URI: 'http://localhost:4000/revocations',
};
const key = Buffer.alloc(32, 1).toString('base64url');

test('the service does not start without FINGERPRINT_KEY, in production or elsewhere', () => {
  for (const NODE_ENV of ['production', 'development', 'test']) {
    expect(() => readConfig({ ...env, NODE_ENV })).toThrow(/FINGERPRINT_KEY is missing/);
  }
  expect(readConfig({ ...env, FINGERPRINT_KEY: key })).toMatchObject({
    FINGERPRINT_KEY: key,
    PORT: 4003,
    PROCESSOR_TIMEOUT_MS: 2000,
    CART_TIMEOUT_MS: 2000,
    STEP_UP_AMOUNT: 50_000,
    STEP_UP_MAX_AGE_SECONDS: 300,
  });
});

test('it does not start without knowing where the cart is, and where tokens are exchanged', () => {
  const { CART_URL: _cart, TOKEN_ENDPOINT: _endpoint, ...rest } = env;
  const read = () => readConfig({ ...rest, FINGERPRINT_KEY: key });
  expect(read).toThrow(/CART_URL is missing/);
  expect(read).toThrow(/TOKEN_ENDPOINT is missing/);
});

test.each([
  ['FINGERPRINT_KEY', 'too-short'],
  ['FINGERPRINT_KEY', `${key.slice(1)}!`],
  ['PROCESSOR_TIMEOUT_MS', '9'],
  ['PROCESSOR_TIMEOUT_MS', '10001'],
  ['PROCESSOR_TIMEOUT_MS', '2s'],
  ['CART_TIMEOUT_MS', '9'],
  ['CART_URL', 'cart-service:4001'],
  ['TOKEN_ENDPOINT', 'ftp://localhost/token'],
  ['STEP_UP_AMOUNT', '-1'],
  ['STEP_UP_MAX_AGE_SECONDS', '86401'],
])('%s=%s is refused, and not repeated', (name, value) => {
  const read = () => readConfig({ ...env, FINGERPRINT_KEY: key, [name]: value });
  expect(read).toThrow(new RegExp(`${name} is not valid`));
  expect(read).not.toThrow(new RegExp(value));
});
