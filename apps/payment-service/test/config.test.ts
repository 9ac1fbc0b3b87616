import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';

const env = {
  PORT: '4003',
  DATABASE_URL: 'postgres://127.0.0.1/payment',
  ISSUER: 'http://localhost:4000',
  JWKS_URI: 'http://localhost:4000/.well-known/jwks.json',
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
  });
});

test.each([
  ['FINGERPRINT_KEY', 'too-short'],
  ['FINGERPRINT_KEY', `${key.slice(1)}!`],
  ['PROCESSOR_TIMEOUT_MS', '9'],
  ['PROCESSOR_TIMEOUT_MS', '10001'],
  ['PROCESSOR_TIMEOUT_MS', '2s'],
])('%s=%s is refused, and not repeated', (name, value) => {
  const read = () => readConfig({ ...env, FINGERPRINT_KEY: key, [name]: value });
  expect(read).toThrow(new RegExp(`${name} is not valid`));
  expect(read).not.toThrow(new RegExp(value));
});
