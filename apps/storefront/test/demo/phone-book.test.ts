import { expect, test } from 'vitest';
import type { AuthService } from '../../src/demo/auth-service.ts';
import { createPhoneBook } from '../../src/demo/phone-book.ts';

/** An auth-service that refuses every access token and answers a refresh like this. */
function authThatRefuses(status: number): AuthService {
  const answer = { text: '', body: { reason: 'displaced' }, headers: new Headers() };
  return {
    ask: async ({ path }) => ({ ...answer, status: path === '/token' ? status : 401 }),
    signIn: async () => ({
      access_token: 'a',
      refresh_token: 'r',
      token_type: 'Bearer',
      session_id: 's',
      scope: 'cart:read',
      expires_in: 300,
    }),
  };
}

test.each([
  [400, { signed_in: false, reason: 'displaced' }],
  [401, { signed_in: false, reason: 'displaced' }],
  [429, { signed_in: true, reason: null }],
  [503, { signed_in: true, reason: null }],
])('a phone whose refresh is answered with %i shows %j', async (status, shown) => {
  const book = createPhoneBook(authThatRefuses(status));
  await book.signIn('mina', 'teal-lantern-harbour-42');
  expect(await book.list('mina')).toMatchObject([shown]);
});
