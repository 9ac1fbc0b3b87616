import { setTimeout as delay } from 'node:timers/promises';
import {
  type Answer,
  createKey,
  type Key,
  type Request,
  refreshing,
  signingOut,
  type Tokens,
} from '@latchkey/person';
import type { ServiceName, Shop } from '../shop.ts';
import type { Stage } from './step.ts';
import { graceMs } from './stolen-tokens.ts';

const reads = [
  ['cart', '/cart'],
  ['wishlist', '/wishlist'],
  ['payment', '/payments'],
] as const satisfies readonly (readonly [ServiceName, string])[];

/** A session, and the key to which it is bound, if it is. */
type Owner = { readonly tokens: Tokens; readonly key: Key | undefined };

/** What a thief has copied of a session: its tokens, and requests that its owner sent, proofs included. */
type Copies = {
  readonly accessToken: string;
  refreshToken: string;
  readonly requests: readonly (readonly [ServiceName, Request])[];
  readonly isBound: boolean;
};

/** The same thefts from two sessions. Bearer tokens serve whoever has copied them, and bound ones nobody. */
export async function theftsSideBySide(stage: Stage): Promise<void> {
  const { tell, shop } = stage;
  tell.step('The same thefts from two sessions: one is bound to a key, which cannot be copied');
  const owners = await signInTwice(stage);
  const [bearer, bound] = [await copy(shop, owners.bearer), await copy(shop, owners.bound)];
  const row = (...cells: string[]) =>
    tell.say(
      cells
        .map((cell) => cell.padEnd(40))
        .join('')
        .trimEnd(),
    );
  row('what the thief uses', 'without a key', 'with a key');
  const gained = { bearer: [] as boolean[], bound: [] as boolean[] };
  for (const { what, commit } of thefts(shop)) {
    const answers = { bearer: await commit(bearer), bound: await commit(bound) };
    row(what, outcomeOf(answers.bearer), outcomeOf(answers.bound));
    gained.bearer.push(...answers.bearer.map(isAccepted));
    gained.bound.push(...answers.bound.map(isAccepted));
  }
  const count = (accepted: boolean[]) => `${accepted.filter(Boolean).length} of ${accepted.length} accepted`;
  tell.check(`without a key, the thief is the owner: ${count(gained.bearer)}`, gained.bearer.every(Boolean));
  tell.check(`with a key: ${count(gained.bound)}`, !gained.bound.some(Boolean));

  const { key, tokens } = owners.bound;
  const renewed = await shop.call('auth', refreshing(tokens.refresh_token, { key }), tell);
  const token = String(renewed.body['access_token']);
  const cart = await shop.call('cart', { path: '/cart', token, key }, tell);
  tell.check('the owner of the bound session stays signed in', renewed.status === 200 && cart.status === 200);
  const triedAt = await foreignKeyAt(shop, owners.bound, token);
  tell.check(`the list of devices says when it was tried: foreign_key_at ${triedAt}`, triedAt !== undefined);
  await shop.call('auth', signingOut(token, { key }));
  await shop.call('auth', signingOut(bearer.accessToken));
}

/**
 * The answer to a refresh is lost, and the client repeats the request later. With a bearer token it could be a thief. With
 * a bound one nobody else can have sent it.
 */
export async function lostReply(stage: Stage): Promise<void> {
  const { tell, shop, turnClock } = stage;
  const later = turnClock === undefined ? `${graceMs / 1000 + 1} s` : 'an hour';
  tell.step(`The reply to a refresh is lost, and the request repeated ${later} later`);
  const { bearer, bound } = await signInTwice(stage);
  const refresh = ({ tokens, key }: Owner) =>
    shop.call('auth', refreshing(tokens.refresh_token, { key }), tell);
  await refresh(bearer);
  const lost = await refresh(bound);
  tell.say('(Both clients go offline before the answers come.)');
  if (turnClock === undefined) {
    tell.say(
      `(Waiting ${later}. Plain npm run demo shows an hour: there the demo may turn auth-service’s clock.)`,
    );
    await delay(graceMs + 1000);
  } else {
    await turnClock(3600);
    tell.say('(auth-service’s clock is an hour ahead now.)');
  }
  const ended = await refresh(bearer);
  tell.check(
    'without a key it looks like a theft: signed out, and the reason is reuse',
    ended.status === 400 && ended.body['reason'] === 'reuse',
  );
  const again = await refresh(bound);
  tell.check(
    'with a key it gets the same refresh token as in the lost reply, and stays signed in',
    again.status === 200 && again.body['refresh_token'] === lost.body['refresh_token'],
  );
  const token = String(again.body['access_token']);
  const triedAt = await foreignKeyAt(shop, bound, token);
  tell.check('nobody is suspected: the list of devices has no foreign_key_at', triedAt === undefined);
  await shop.call('auth', signingOut(token, { key: bound.key }));
}

async function signInTwice({ shop, account, tell }: Stage): Promise<Record<'bearer' | 'bound', Owner>> {
  const signIn = async (deviceName: string, key?: Key): Promise<Owner> => {
    const tokens = await shop.signIn({ ...account('customer'), deviceName, key }, tell);
    tell.say(`${deviceName}: token_type ${tokens.token_type}`);
    return { tokens, key };
  };
  return { bearer: await signIn('Without a key'), bound: await signIn('With a key', createKey()) };
}

/** The owner sends requests. The thief copies all that goes over the line. */
async function copy(shop: Shop, { tokens, key }: Owner): Promise<Copies> {
  const { access_token: token, refresh_token } = tokens;
  const own = [
    ...reads.map(([service, path]) => [service, { path, token, key }] as const),
    ['auth', refreshing(refresh_token, { key })] as const,
  ];
  const requests: [ServiceName, Request][] = [];
  for (const [service, request] of own) {
    // Gets the nonce that the service wants, so that the copied request is one that it accepts.
    if (key !== undefined && service !== 'auth') await shop.call(service, request);
    const copied = shop.onTheLine(service, request);
    const answer = await shop.call(service, copied);
    if (!isAccepted(answer)) throw new Error(`${service}-service refused the owner: ${answer.text}`);
    requests.push([service, copied]);
  }
  return { accessToken: token, refreshToken: refresh_token, requests, isBound: key !== undefined };
}

function thefts(shop: Shop) {
  const read = (credentials: Pick<Request, 'token' | 'key'>) =>
    Promise.all(reads.map(([service, path]) => shop.call(service, { path, ...credentials })));
  const refresh = async (copies: Copies, key?: Key) => {
    const answer = await shop.call('auth', refreshing(copies.refreshToken, { key }));
    copies.refreshToken = String(answer.body['refresh_token'] ?? copies.refreshToken);
    return [answer];
  };
  // A bearer token needs no key.
  const ownKey = ({ isBound }: Copies) => (isBound ? createKey() : undefined);
  const list: { what: string; commit: (copies: Copies) => Promise<Answer[]> }[] = [
    {
      what: 'whole requests, with their proofs',
      commit: ({ requests }) =>
        Promise.all(requests.map(([service, request]) => shop.call(service, request))),
    },
    { what: 'the access token', commit: ({ accessToken: token }) => read({ token }) },
    {
      what: 'the same, with a key of their own',
      commit: (copies) => read({ token: copies.accessToken, key: ownKey(copies) }),
    },
    { what: 'the refresh token', commit: (copies) => refresh(copies) },
    { what: 'the same, with a key of their own', commit: (copies) => refresh(copies, ownKey(copies)) },
  ];
  return list;
}

/** When somebody last presented the session's refresh token without its key. */
async function foreignKeyAt(shop: Shop, { tokens, key }: Owner, token: string): Promise<string | undefined> {
  const { body } = await shop.call('auth', { path: '/sessions', token, key });
  const sessions = body['sessions'] as { id: string; foreign_key_at?: string }[];
  return sessions.find(({ id }) => id === tokens.session_id)?.foreign_key_at;
}

function isAccepted({ status }: Answer): boolean {
  return status < 400;
}

/** @example '3 × 401 invalid_token' */
function outcomeOf(answers: readonly Answer[]): string {
  const codes = answers.map(({ status, body }) => `${status} ${body['code'] ?? body['error'] ?? ''}`.trim());
  const kinds = [...new Set(codes)];
  return kinds.map((kind) => `${codes.filter((code) => code === kind).length} × ${kind}`).join(', ');
}
