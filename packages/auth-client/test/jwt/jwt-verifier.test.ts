import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createJwtVerifier,
  JwtError,
  type JwtVerifier,
  type JwtVerifierOptions,
} from '../../src/jwt/index.ts';
import { createSigningKey, type SigningKey } from '../../src/testing/index.ts';
import { createTestClock, type TestClock } from '../clock.ts';
import { type JwksServer, keySetOf, startJwksServer } from '../key-set/jwks-server.ts';

const client = 'payment-service';
const audience = 'https://issuer.example';

let key: SigningKey;
let other: SigningKey;
let jwks: JwksServer;
let clock: TestClock;
let verifier: JwtVerifier;

beforeAll(async () => {
  [key, other] = await Promise.all([createSigningKey(), createSigningKey()]);
});

beforeEach(async () => {
  jwks = await startJwksServer(keySetOf(key));
  clock = createTestClock();
  verifier = create();
});

afterEach(async () => {
  verifier.close();
  await jwks.close();
});

function create(options: Partial<JwtVerifierOptions> = {}): JwtVerifier {
  return createJwtVerifier({
    jwksUri: jwks.jwksUri,
    issuer: client,
    audience,
    typ: [null, 'jwt', 'client-authentication+jwt'],
    maxLifetimeSeconds: 60,
    expiryLeewaySeconds: 30,
    cooldownSeconds: 1,
    clock,
    ...options,
  });
}

type Changes = {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
};

function assertion({ claims = {}, header = {} }: Changes = {}, signer = key): string {
  const iat = Math.floor(Date.now() / 1000);
  return signer.sign(
    { alg: 'RS256', kid: signer.kid, ...header },
    { iss: client, sub: client, aud: audience, jti: randomUUID(), iat, exp: iat + 60, ...claims },
  );
}

const now = (): number => Math.floor(Date.now() / 1000);

async function verdict(token: unknown, by = verifier): Promise<string> {
  try {
    await by.verify(token as string);
    return 'good';
  } catch (error) {
    expect(error).toBeInstanceOf(JwtError);
    const { code, reason } = error as JwtError;
    return code === 'invalid_jwt' ? reason : code;
  }
}

describe('a client assertion', () => {
  it('passes, and its claims come back', async () => {
    const claims = await verifier.verify(assertion({ claims: { jti: 'once', extra: [1] } }));
    expect(claims).toMatchObject({ iss: client, sub: client, jti: 'once', extra: [1] });
  });

  it.each<[string, Changes, string]>([
    ['of type JWT', { header: { typ: 'JWT' } }, 'good'],
    ['of its own type', { header: { typ: 'client-authentication+jwt' } }, 'good'],
    ['of its own type, spelled out', { header: { typ: 'application/client-authentication+JWT' } }, 'good'],
    ['that is an access token', { header: { typ: 'at+jwt' } }, 'typ'],
    ['whose type is null', { header: { typ: null } }, 'typ'],
    ['whose type is empty', { header: { typ: '' } }, 'typ'],
    ['with another alg', { header: { alg: 'PS256' } }, 'alg'],
    ['without alg', { header: { alg: 'none' } }, 'alg'],
    ['with crit', { header: { crit: ['exp'] } }, 'header'],
    ['with jwk', { header: { jwk: {} } }, 'header'],
    ['with jku', { header: { jku: 'http://127.0.0.1/' } }, 'header'],
    ['with x5t', { header: { x5t: 'x' } }, 'header'],
    ['with x5t#S256', { header: { 'x5t#S256': 'x' } }, 'header'],
    ['without kid', { header: { kid: undefined } }, 'kid'],
    ['for one audience in a list', { claims: { aud: [audience] } }, 'good'],
    ['for another audience as well', { claims: { aud: [audience, 'https://other.example'] } }, 'aud'],
    ['for the same audience twice', { claims: { aud: [audience, audience] } }, 'aud'],
    ['of another issuer', { claims: { iss: 'wishlist-service' } }, 'iss'],
    ['without jti', { claims: { jti: undefined } }, 'jti'],
    ['with a jti that is a number', { claims: { jti: 1 } }, 'jti'],
    ['with an empty jti', { claims: { jti: '' } }, 'jti'],
    ['without iat', { claims: { iat: undefined } }, 'iat'],
    ['without exp', { claims: { exp: undefined } }, 'exp'],
    ['that lives too long', { claims: { exp: now() + 120 } }, 'exp'],
    ['that lives too long by 2 ms', { claims: { iat: now() + 0.25, exp: now() + 60.252 } }, 'exp'],
    ['with exp beyond all years', { claims: { exp: 1e308 } }, 'exp'],
    ['with iat beyond all years', { claims: { iat: 1e308 } }, 'iat'],
    ['with a negative iat', { claims: { iat: -0.5 } }, 'iat'],
    ['with iat 0', { claims: { iat: 0 } }, 'iat'],
    ['with nbf as text', { claims: { nbf: `${now()}.5` } }, 'nbf'],
    ['with exp in an array', { claims: { exp: [now() + 60] } }, 'exp'],
    ['with nbf beyond all years', { claims: { nbf: 1e300 } }, 'nbf'],
    ['with a sub that is none', { claims: { sub: ['a'] } }, 'sub'],
  ])('%s', async (_name, changes, expected) => {
    expect(await verdict(assertion(changes))).toBe(expected);
  });

  it.each<[string, number, string]>([
    ['passes from a clock 29 s ahead', 29, 'good'],
    ['is refused from one 40 s ahead', 40, 'iat'],
    ['passes 25 s after its expiry', -85, 'good'],
    ['is refused 35 s after it', -95, 'expired'],
  ])('%s', async (_name, ahead, expected) => {
    const iat = now() + ahead;
    expect(await verdict(assertion({ claims: { iat, exp: iat + 60 } }))).toBe(expected);
  });

  it('passes with times that have fractions (RFC 7519 §2), also when it lives for exactly as long as it may', async () => {
    for (const fraction of [0.1, 0.123456, 0.25, 0.3, 0.7, 0.999999]) {
      const iat = now() - 1 + fraction;
      expect(await verdict(assertion({ claims: { iat, nbf: iat, exp: iat + 60 } }))).toBe('good');
    }
  });

  it('is refused with a signature of another key, and as anything but a string', async () => {
    const forged = assertion({ header: { kid: key.kid } }, other);
    expect(await verdict(forged)).toBe('signature');
    for (const value of [undefined, null, 7, {}, '', 'a.b.c']) expect(await verdict(value)).not.toBe('good');
  });
});

describe('the further check', () => {
  it('sees the claims of a good token, and refuses by throwing whatever it likes', async () => {
    const seen: unknown[] = [];
    const strict = create({
      checkClaims: async (claims) => {
        seen.push(claims.sub);
        if (claims.sub !== client) throw new JwtError('invalid_jwt', { reason: 'sub' });
        if (claims.boom) throw new RangeError('boom');
      },
    });
    expect(await verdict(assertion(), strict)).toBe('good');
    expect(await verdict(assertion({ claims: { sub: 'another' } }), strict)).toBe('sub');
    expect(await verdict(assertion({ claims: { boom: true } }), strict)).toBe('unexpected');
    expect(await verdict(assertion({ claims: { aud: 'x' } }), strict)).not.toBe('good');
    expect(seen).toEqual([client, 'another', client]);
  });
});

describe('the keys', () => {
  it('are fetched when they are needed: once for all waiting callers, again when too old', async () => {
    expect(jwks.requests).toBe(0);
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => verdict(assertion())));
    expect(new Set(verdicts)).toEqual(new Set(['good']));
    expect(jwks.requests).toBe(1);
    clock.advance(59);
    await verdict(assertion());
    expect(jwks.requests).toBe(1);
    jwks.answer(keySetOf(other));
    clock.advance(2);
    clock.step(-61);
    expect(await verdict(assertion())).toBe('unknown kid');
    expect(await verdict(assertion({}, other))).toBe('good');
    expect(jwks.requests).toBe(2);
  });

  it('are asked for at most once per cooldown because of unknown kids', async () => {
    expect(await verdict(assertion())).toBe('good');
    clock.advance(1.1);
    clock.step(-1.1);
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => verdict(assertion({}, other))));
    expect(new Set(verdicts)).toEqual(new Set(['unknown kid']));
    expect(jwks.requests).toBe(2);
    jwks.answer(keySetOf(key, other));
    expect(await verdict(assertion({}, other))).toBe('unknown kid');
    clock.advance(1.1);
    clock.step(-1.1);
    expect(await verdict(assertion({}, other))).toBe('good');
    expect(jwks.requests).toBe(3);
  });

  it('that cannot be fetched cause a separate error, and are requested again after the cooldown', async () => {
    const failures: unknown[] = [];
    const watched = create({ onFailed: (error) => failures.push(error) });
    jwks.answer((_request, response) => response.writeHead(500).end());
    expect(await verdict(assertion(), watched)).toBe('key_set_unavailable');
    expect(await verdict(assertion(), watched)).toBe('key_set_unavailable');
    expect([jwks.requests, failures.length]).toEqual([1, 1]);
    expect(watched.keySetAgeSeconds).toBe(Number.POSITIVE_INFINITY);
    jwks.answer(keySetOf(key));
    clock.advance(1.1);
    clock.step(-1.1);
    expect(await verdict(assertion(), watched)).toBe('good');
    watched.close();
  });
});

describe('the options', () => {
  it('are checked, all at once, and none may be missing or misspelt', () => {
    const bad = { jwksUri: 'x', audience: '', typ: [], maxLifetimeSeconds: 0, clockskewSeconds: 1 };
    expect(() => createJwtVerifier(bad as never)).toThrow(
      /createJwtVerifier cannot work: unknown option "clockskewSeconds"; jwksUri .*; audience .*; typ .*; maxLifetimeSeconds/,
    );
    const { maxLifetimeSeconds: _, ...rest } = { jwksUri: jwks.jwksUri, audience, maxLifetimeSeconds: 1 };
    // @ts-expect-error a lifetime must be given
    expect(() => createJwtVerifier({ ...rest, typ: ['jwt'] })).toThrow('maxLifetimeSeconds');
    // @ts-expect-error so must a type
    expect(() => createJwtVerifier({ ...rest, maxLifetimeSeconds: 1, typ: [] })).toThrow('typ');
  });
});
