import { createBrowser } from '@latchkey/person';
import { firstRefusal } from '../stopwatch.ts';
import type { Stage } from './step.ts';

const clientId = 'gift-ideas';
const consent = `/account/consents/${clientId}`;

/** A person lets an application of somebody else read the wishlist, and withdraws it. */
export async function sharingWithAnOutsider({ tell, shop, account, giftIdeas }: Stage): Promise<void> {
  tell.step('Sharing permissions with an outsider: gift-ideas, an application of a partner');
  if (giftIdeas === undefined) {
    tell.say('(Skipped: gift-ideas does not run on this system. Plain npm run demo shows it.)');
    return;
  }
  const { username, password } = account('customer');
  const { access_token: token } = await shop.signIn({ username, password });
  await shop.call('wishlist', { method: 'POST', path: '/wishlist/items', token, json: { sku: 'teapot' } });
  // Of an earlier run, on a system that keeps its data.
  await shop.call('auth', { method: 'DELETE', path: consent, token });

  // What the person's browser does. The demo sees the pages and none of the application's tokens.
  const browser = createBrowser();
  tell.request('GET', `${clientId} /sign-in`);
  const asked = await browser.open(`${giftIdeas}/sign-in`);
  tell.answer(`the sign-in page of ${new URL(asked.url).host}`);
  tell.check(
    'the password is typed at auth-service, and gift-ideas never sees it',
    asked.status === 200 && asked.text.includes('name="password"') && !asked.url.startsWith(giftIdeas),
  );
  const question = await browser.submit({ action: 'sign_in', username, password });
  tell.check(
    'auth-service asks whether gift-ideas may see the wishlist; of the cart it says nothing',
    question.text.includes('see your wishlist') && !question.text.includes('your cart'),
  );
  const ideas = await browser.submit({ action: 'allow' });
  tell.answer(`the page of ${new URL(ideas.url).host}`);
  tell.check(
    'it redeemed the code, and wishlist-service lets it read: an idea for the teapot',
    ideas.url.startsWith(giftIdeas) && ideas.text.includes('<li>teapot'),
  );
  tell.check(
    'cart-service refuses it: 401 invalid_token, its token is not for that service',
    ideas.text.includes('the shop answered 401 invalid_token'),
  );
  const { body } = await shop.call('auth', { path: '/account/consents', token }, tell);
  const consents = body['consents'] as { client_id: string; scopes: string[] }[];
  const scopes = consents.find(({ client_id: id }) => id === clientId)?.scopes ?? [];
  tell.check(
    `the person’s account says what it may do: ${scopes.join(' ')}`,
    scopes.includes('wishlist:read') && !scopes.some((scope) => /^(cart|payment)|write$/.test(scope)),
  );

  tell.step('The consent is withdrawn');
  const withdrawn = await shop.call('auth', { method: 'DELETE', path: consent, token }, tell);
  const answeredAt = performance.now();
  const ms = await firstRefusal(
    async () => (await browser.open(giftIdeas)).text.includes('you withdrew your permission'),
    answeredAt,
  );
  tell.check(
    `after ${ms.toFixed(0)} ms wishlist-service had refused gift-ideas, which says why: consent_withdrawn`,
    withdrawn.status === 204 && Number.isFinite(ms),
  );
  const own = await shop.call('wishlist', { path: '/wishlist', token }, tell);
  tell.check('the person’s own session goes on', own.status === 200);
}
