import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readSettings } from '../src/settings.ts';

const env = {
  PORT: '3001',
  PUBLIC_URL: 'http://localhost:3001',
  ISSUER: 'http://localhost:4000',
  CLIENT_ID: 'gift-ideas',
  CLIENT_SECRET: 'hunter2-hunter2',
  WISHLIST_URL: 'http://wishlist:4002',
  CART_URL: 'https://cart.example',
};

test('are read as they are given', () => {
  expect(readSettings(env)).toEqual({
    port: 3001,
    host: '127.0.0.1',
    publicUrl: 'http://localhost:3001',
    issuer: 'http://localhost:4000',
    providerUrl: 'http://localhost:4000',
    clientId: 'gift-ideas',
    clientSecret: 'hunter2-hunter2',
    wishlistUrl: 'http://wishlist:4002',
    cartUrl: 'https://cart.example',
  });
  expect(readSettings({ ...env, PROVIDER_URL: 'http://front:4000' }).providerUrl).toBe('http://front:4000');
});

test('that are missing are all named at once', () => {
  const names = ['ISSUER', 'PUBLIC_URL', 'CLIENT_ID', 'CLIENT_SECRET', 'WISHLIST_URL', 'CART_URL'];
  expect(() => readSettings({})).toThrow(
    new RegExp(names.map((name) => `- ${name} is missing`).join('.*'), 's'),
  );
});

test.each([
  { name: 'PORT', value: '70000' },
  { name: 'PORT', value: 'http' },
  { name: 'PUBLIC_URL', value: 'http://localhost:3001/' },
  { name: 'PUBLIC_URL', value: 'http://gifts.example' },
  { name: 'ISSUER', value: 'http://shop.example' },
  { name: 'ISSUER', value: 'shop' },
  { name: 'PROVIDER_URL', value: 'http://front:4000/' },
  { name: 'WISHLIST_URL', value: 'ftp://wishlist' },
  { name: 'CART_URL', value: 'http://cart/cart' },
])('$name: $value is refused', ({ name, value }) => {
  expect(() => readSettings({ ...env, [name]: value })).toThrow(`- ${name} is not valid`);
});

test('the secret may come from a file, and is never repeated', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gift-ideas-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'secret');
  writeFileSync(file, 'from-a-file\n');
  const { CLIENT_SECRET: secret, ...others } = env;
  expect(readSettings({ ...others, CLIENT_SECRET_FILE: file }).clientSecret).toBe('from-a-file');
  expect(() => readSettings({ ...others, CLIENT_SECRET_FILE: `${file}-gone` })).toThrow(
    '- CLIENT_SECRET_FILE is not valid',
  );
  const refused = () => readSettings({ ...env, CART_URL: 'cart' });
  expect(refused).toThrow();
  expect(refused).not.toThrow(secret);
});
