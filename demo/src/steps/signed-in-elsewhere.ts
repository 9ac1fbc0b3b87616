import { createHash, randomBytes } from 'node:crypto';
import { seededPeople } from '@latchkey/example-id/people';
import { signInAtExampleId, signOutAtExampleId } from '@latchkey/example-id/visit';
import { createBrowser } from '@latchkey/person';
import { timeRefusals } from '../stopwatch.ts';
import type { Stage } from './step.ts';

const provider = 'example-id';
const client = { client_id: 'latchkey-cli', redirect_uri: 'http://127.0.0.1/callback' };

/** A person signs in with an account at another provider, gets a token of ours, and signs out there. */
export async function signedInElsewhere({ tell, shop }: Stage): Promise<void> {
  tell.step('Signed in elsewhere, one token here: Example ID, a provider that is not ours');
  const listed = await shop.call('auth', { path: '/providers' });
  const providers = (listed.body['providers'] ?? []) as { id: string; name: string }[];
  if (!providers.some(({ id }) => id === provider)) {
    tell.say('(Skipped: Example ID does not run on this system. Plain npm run demo shows it.)');
    return;
  }
  const metadata = await shop.call('auth', { path: '/.well-known/openid-configuration' });
  const issuer = String(metadata.body['issuer']);
  // What the person's browser does; the demo plays the pages of others.
  const browser = createBrowser({
    fetch: async (url, init) => (url.startsWith(issuer) ? fetch(url, init) : new Response()),
  });
  const verifier = randomBytes(32).toString('base64url');
  const request = new URLSearchParams({
    ...client,
    response_type: 'code',
    state: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    identity_provider: provider,
  });
  tell.request('GET', `auth-service /authorize?identity_provider=${provider}`);
  const there = await browser.open(`${metadata.body['authorization_endpoint']}?${request}`);
  const { origin } = new URL(there.url);
  tell.answer(`303 See Other · ${origin}`);
  const [person] = seededPeople;
  const cookies = new Map<string, string>();
  const answer = await signInAtExampleId(there.url, person, { cookies });
  const back = new URL((await browser.open(answer.url)).url);
  tell.check(
    `${person.name} typed the password at Example ID, and came back to the client with a code of auth-service`,
    back.href.startsWith(client.redirect_uri) && back.searchParams.get('iss') === issuer,
  );
  const code = back.searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', ...client, code, code_verifier: verifier };
  const { body } = await shop.call('auth', { method: 'POST', path: '/token', form }, tell);
  const token = String(body['access_token']);
  const [, payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}') as Record<string, unknown>;
  tell.say(`iss       ${claims['iss']}`);
  tell.say(`acr       ${claims['acr']}`);
  tell.check(
    'the token is ours: auth-service issued it, and it says only that a provider vouched; its subject there is not in it',
    claims['iss'] === issuer &&
      claims['acr'] === 'urn:latchkey:acr:provider' &&
      !JSON.stringify(claims).includes(person.subject),
  );
  const cart = await shop.call('cart', { path: '/cart', token }, tell);
  const wishlist = await shop.call('wishlist', { path: '/wishlist', token }, tell);
  tell.check(
    'cart and wishlist accept it like any other: nothing in them knows of Example ID',
    cart.status === 200 && wishlist.status === 200,
  );

  tell.step('They sign out at Example ID, which tells auth-service (OpenID Connect Back-Channel Logout)');
  await timeRefusals({ shop, tell }, { token, revoke: () => signOutAtExampleId(origin, cookies) });
  const refreshed = await shop.refresh(String(body['refresh_token']), tell);
  tell.check(
    'the session is over, and says why: signed_out_at_provider',
    refreshed.status === 400 && refreshed.body['reason'] === 'signed_out_at_provider',
  );
}
