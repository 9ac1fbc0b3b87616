import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../src/feed/event.ts';
import { AuthError } from '../../src/index.ts';
import { KeySet } from '../../src/key-set/key-set.ts';
import { openSignedToken } from '../../src/key-set/signed-token.ts';
import { openSecurityEvent } from '../../src/revocation/security-event.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { accessTokenProfile } from '../../src/token/compact-token.ts';
import { type JwksServer, keySetOf, startJwksServer } from '../key-set/jwks-server.ts';
import { encoded } from '../tokens.ts';
import { at, type Changes, claimsOf, issuer, session, sessions, set, types } from './events.ts';

let key: SigningKey;
let other: SigningKey;
let jwks: JwksServer;
let keySet: KeySet;
const revokedKeys = new Set<string>();

beforeAll(async () => {
  [key, other] = await Promise.all([createSigningKey(), createSigningKey()]);
  jwks = await startJwksServer(keySetOf(key));
  keySet = new KeySet({
    jwksUri: jwks.jwksUri,
    fetch: globalThis.fetch,
    timeoutMs: 5000,
    cooldownSeconds: 30,
    maxStaleSeconds: 3600,
    clock: systemClock,
  });
  await keySet.refresh();
});

afterAll(async () => {
  keySet.close();
  await jwks.close();
});

async function open(token: string): Promise<FeedEvent> {
  const isRevokedKey = (kid: string): boolean => revokedKeys.has(kid);
  return openSecurityEvent(token, { issuer, keySet, isRevokedKey, now: performance.now() });
}

/** The reason why a token is refused. */
async function verdict(token: string): Promise<string> {
  try {
    await open(token);
    return 'good';
  } catch (error) {
    expect(error).toBeInstanceOf(AuthError);
    return (error as AuthError).reason;
  }
}

describe('an event of the feed', () => {
  it('about one session is CAEP’s', async () => {
    expect(await open(set(key, claimsOf.session(7, 'session-1', 'displaced')))).toEqual({
      kind: 'batch',
      after: at(7),
      upTo: at(8),
      revocations: [session('session-1', 'displaced')],
      done: false,
    });
  });

  it('about anything else has revocations of every kind', async () => {
    const revocations = [
      session('session-1'),
      { kind: 'token', id: 'token-1', reason: 'token_revoked' },
      { kind: 'key', id: 'key-1', reason: 'key_revoked' },
      { kind: 'subject', id: 'user-1', before: 1_700_000_000, reason: 'roles_changed' },
      { kind: 'client', id: 'storefront', before: 1_700_000_000, reason: 'client_revoked' },
      { kind: 'all', before: 1_700_000_000, reason: 'store_lost' },
    ] as const;
    const event = await open(set(key, claimsOf.batch(0, revocations)));
    expect(event).toMatchObject({ kind: 'batch', after: at(0), upTo: at(6), revocations });
  });

  it('is a page of a snapshot, or a heartbeat', async () => {
    const page = await open(set(key, claimsOf.snapshot(3, sessions(2), { done: false })));
    expect(page).toMatchObject({ kind: 'snapshot', after: at(3), upTo: at(5), done: false });
    expect(await open(set(key, claimsOf.snapshot(5, [])))).toMatchObject({ done: true, revocations: [] });
    expect(await open(set(key, claimsOf.heartbeat(5)))).toMatchObject({ kind: 'heartbeat', upTo: at(5) });
  });

  it('counts over all shards', async () => {
    const claims = { ...claimsOf.batch(0, sessions(3)), after: ['a-1', 'b-9'], up_to: ['a-3', 'b-10'] };
    expect(await open(set(key, claims))).toMatchObject({ upTo: ['a-3', 'b-10'] });
  });

  it('may be as long as 500 revocations with the longest ids', async () => {
    const long = Array.from({ length: 500 }, (_, n) => session(`${n}`.padEnd(255, 'x'), 'ended_by_operator'));
    const token = set(key, claimsOf.batch(0, long));
    expect(token.length).toBeGreaterThan(200_000);
    expect((await open(token)).revocations).toEqual(long);
  });

  it.each([
    ['from long ago', -31_536_000],
    ['from far ahead', 31_536_000],
  ])(
    '%s is as good as any: what was revoked stays revoked, whatever a clock says',
    async (_name, seconds) => {
      const iat = Math.floor(Date.now() / 1000) + seconds;
      expect(await verdict(set(key, claimsOf.heartbeat(1), { claims: { iat } }))).toBe('good');
    },
  );
});

const batch = claimsOf.batch(0, [session('session-1')]);
const caep = claimsOf.session(0, 'session-1');

describe('an event is refused', () => {
  it.each<[string, Changes, string]>([
    ['as an access token', { header: { typ: 'at+jwt' } }, 'typ'],
    ['as a JWT', { header: { typ: 'JWT' } }, 'typ'],
    ['as a logout token', { header: { typ: 'logout+jwt' } }, 'typ'],
    ['without a type', { header: { typ: undefined } }, 'typ'],
    ['with alg none', { header: { alg: 'none' } }, 'alg'],
    ['with another alg', { header: { alg: 'PS256' } }, 'alg'],
    ['with crit', { header: { crit: ['exp'] } }, 'header'],
    ['with a key of its own', { header: { jwk: {} } }, 'header'],
    ['with a key elsewhere', { header: { jku: 'http://127.0.0.1:1/' } }, 'header'],
    ['without kid', { header: { kid: undefined } }, 'kid'],
    ['of another issuer', { claims: { iss: 'https://other.example' } }, 'iss'],
    ['of two issuers', { claims: { iss: [issuer] } }, 'iss'],
    ['of nobody', { claims: { iss: undefined } }, 'iss'],
    ['for a service', { claims: { aud: 'cart-service' } }, 'aud'],
    ['for the feed and a service', { claims: { aud: ['urn:latchkey:revocations', 'cart-service'] } }, 'aud'],
    ['for nobody', { claims: { aud: undefined } }, 'aud'],
    ['without jti', { claims: { jti: undefined } }, 'jti'],
    ['with a jti that is none', { claims: { jti: 1 } }, 'jti'],
    ['without iat', { claims: { iat: undefined } }, 'iat'],
    ['with an iat in words', { claims: { iat: 'now' } }, 'iat'],
    ['with an expiry', { claims: { exp: 4_000_000_000 } }, 'exp'],
    ['with nbf', { claims: { nbf: 1 } }, 'nbf'],
    ['without events', { claims: { events: undefined } }, 'events'],
    ['with no event', { claims: { events: {} } }, 'events'],
    ['with a list of events', { claims: { events: [{}] } }, 'events'],
    ['with events that are null', { claims: { events: null } }, 'events'],
    ['with an event that is null', { claims: { events: { [types.heartbeat]: null } } }, 'events'],
    ['with two events', { claims: { events: { [types.heartbeat]: {}, [types.snapshot]: {} } } }, 'events'],
    ['with an event of another type', { claims: { events: { 'urn:example:event': {} } } }, 'event type'],
    ['with an event of the prototype', { claims: { events: { constructor: {} } } }, 'event type'],
    ['without a position', { claims: { after: undefined } }, 'positions'],
    ['with a position of no shard', { claims: { after: [], up_to: [] } }, 'positions'],
    [
      'with too many shards',
      { claims: { after: Array(257).fill('a-0'), up_to: Array(257).fill('a-0') } },
      'positions',
    ],
    ['with a position that is text', { claims: { after: 'a-0' } }, 'positions'],
    ['with a position that is a number', { claims: { after: [0] } }, 'positions'],
    ['with a position without epoch', { claims: { after: ['-0'] } }, 'positions'],
    ['with a position of no number', { claims: { after: ['a-x'] } }, 'positions'],
    ['with a negative position', { claims: { after: ['a--1'] } }, 'positions'],
    ['with a position with leading zeros', { claims: { after: ['a-00'] } }, 'positions'],
    ['with a position beyond all numbers', { claims: { up_to: ['5f3a-99999999999999999'] } }, 'positions'],
    ['with a line break in a position', { claims: { after: ['5f3a-0\r\nx: y'] } }, 'positions'],
    ['from one epoch to another', { claims: { up_to: at(1, 'ffff') } }, 'positions'],
    ['from one number of shards to another', { claims: { up_to: [...at(1), 'a-0'] } }, 'positions'],
    ['that goes back', { claims: { after: at(9) } }, 'positions'],
    ['with fewer revocations than it counts', { claims: { up_to: at(2) } }, 'count'],
    ['with more revocations than it counts', { claims: { up_to: at(0) } }, 'count'],
    ['without revocations', { claims: { events: { [types.revocations]: {} } } }, 'revocations'],
  ])('%s', async (_name, changes, expected) => {
    expect(await verdict(set(key, batch))).toBe('good');
    expect(await verdict(set(key, batch, changes))).toBe(expected);
  });

  it.each<[string, unknown]>([
    ['that is null', null],
    ['that is text', 'session-1'],
    ['of a kind that nobody knows', { kind: 'device', id: 'a', reason: 'sign_out' }],
    ['without an id', { kind: 'session', reason: 'sign_out' }],
    ['with an id that is a number', { kind: 'session', id: 1, reason: 'sign_out' }],
    ['with too long an id', { kind: 'session', id: 'x'.repeat(256), reason: 'sign_out' }],
    ['without a reason', { kind: 'session', id: 'a' }],
    ['with a reason in words', { kind: 'session', id: 'a', reason: 'Signed out' }],
    ['of a person, without a time', { kind: 'subject', id: 'a', reason: 'roles_changed' }],
    ['of a person, with a time in milliseconds', { kind: 'subject', id: 'a', before: 1.7e12, reason: 'x' }],
  ])('whole, if it has a revocation %s', async (_name, revocation) => {
    const revocations = [session('session-1'), revocation];
    const events = { [types.revocations]: { revocations } };
    expect(await verdict(set(key, { ...batch, up_to: at(2), events }))).toBe('revocations');
  });

  it.each<[string, Record<string, unknown>]>([
    ['subject', { sub_id: undefined }],
    ['subject of that form', { sub_id: { format: 'opaque', id: 'session-1' } }],
    ['session', { sub_id: { format: 'complex', user: { format: 'opaque', id: 'user-1' } } }],
    [
      'session of that form',
      { sub_id: { format: 'complex', session: { format: 'email', id: 'session-1' } } },
    ],
    ['id', { sub_id: { format: 'complex', session: { format: 'opaque' } } }],
    ['reason', { events: { [types.sessionRevoked]: { event_timestamp: 1_700_000_000 } } }],
  ])('if it is about a session and has no %s', async (_name, claims) => {
    expect(await verdict(set(key, caep))).toBe('good');
    expect(await verdict(set(key, caep, { claims }))).toBe('session');
  });

  it('if it is the page of a snapshot and does not say whether it is the last', async () => {
    const events = { [types.snapshot]: { revocations: [] } };
    expect(await verdict(set(key, claimsOf.snapshot(0, []), { claims: { events } }))).toBe('event');
  });

  it('if another key signed it, or a key that was revoked', async () => {
    const forged = set(other, batch, { header: { kid: key.kid } });
    expect(await verdict(forged)).toBe('signature');
    expect(await verdict(set(other, batch))).toBe('unknown kid');
    revokedKeys.add(key.kid);
    expect(await verdict(set(key, batch))).toBe('revoked key');
    revokedKeys.clear();
  });

  it('if it is no token at all, or 10 MB of one', async () => {
    for (const token of ['', 'a.b.c', '{}', 'null', '<html></html>', `${set(key, batch)}\n`])
      expect(await verdict(token)).toMatch(/^(?:format|base64url|json)$/);
    const huge = set(key, batch, { claims: { padding: 'x'.repeat(10_000_000) } });
    expect(await verdict(huge)).toBe('length');
    const nested = encoded(`{"a":${'['.repeat(200_000)}`);
    expect(
      await verdict(`${encoded({ alg: 'RS256', typ: 'secevent+jwt', kid: key.kid })}.${nested}.AAAA`),
    ).toBe('json');
  });

  it('if a name is in it twice', async () => {
    const claims = JSON.stringify({ iss: issuer, ...batch });
    const twice = claims.replace('{', '{"iss":"https://other.example",');
    const header = { alg: 'RS256', typ: 'secevent+jwt', kid: key.kid };
    expect(await verdict(key.sign(header, twice))).toBe('json');
  });
});

describe('a token that is no event', () => {
  it('passes nowhere as one, and an event passes nowhere as an access token', async () => {
    const openAccessToken = (token: string) =>
      openSignedToken(token, { keySet, profile: accessTokenProfile });
    expect(() => openAccessToken(set(key, batch))).toThrow(expect.objectContaining({ reason: 'typ' }));
    const access = set(
      key,
      { ...batch, exp: Math.floor(Date.now() / 1000) + 60 },
      { header: { typ: 'at+jwt' }, claims: { aud: 'cart-service' } },
    );
    expect(openAccessToken(access)).toMatchObject({ claims: { aud: 'cart-service' } });
    expect(await verdict(access)).toBe('typ');
  });
});
