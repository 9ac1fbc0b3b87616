import { expect, test } from 'vitest';
import { refreshCookieName } from '../src/refresh-cookie-name.ts';

test.each([
  // Any other name would sign everybody out.
  ['http://localhost:4000', 'latchkey-refresh-f07d805b'],
  ['http://localhost:4100', 'latchkey-refresh-e6ed26b9'],
  ['https://auth.example', '__Host-latchkey-refresh-644d89f1'],
])('the refresh cookie of %s is called %s', (issuer, name) => {
  expect(refreshCookieName(issuer)).toBe(name);
});
