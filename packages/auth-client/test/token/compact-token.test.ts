import fastifyJwt from '@fastify/jwt';
import { codePoint } from '@latchkey/testing';
import fc from 'fast-check';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthError } from '../../src/errors.ts';
import { KeySet } from '../../src/key-set/key-set.ts';
import { checkOptions } from '../../src/plugin/options.ts';
import { TokenVerifier } from '../../src/plugin/token-verifier.ts';
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.ts';
import { readCompactToken } from '../../src/token/compact-token.ts';

let issuer: TestIssuer;
let keySet: KeySet;
let verifier: TokenVerifier;
let token: string;

beforeAll(async () => {
  issuer = await createTestIssuer({ audience: 'cart-service' });
  const options = checkOptions({
    issuer: issuer.issuer,
    audience: 'cart-service',
    jwksUri: issuer.jwksUri,
    revocations: null,
  });
  keySet = new KeySet({
    ...options,
    timeoutMs: 5000,
    cooldownSeconds: 30,
    maxStaleSeconds: 3600,
  });
  await keySet.refresh();
  verifier = new TokenVerifier(options, { keySet, revocations: null });
  token = issuer.mint({ scope: 'cart:read', claims: { act: { sub: 'payment-service' } } });
});

afterAll(async () => {
  keySet.close();
  await issuer.close();
});

async function expectRefused(changed: string): Promise<void> {
  const refusal = await Promise.resolve()
    .then(() => verifier.verify(changed))
    .catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(AuthError);
  expect(refusal).toMatchObject({ code: 'invalid_token', status: 401 });
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a good token with one change', () => {
  it('passes without the change', () => {
    expect(verifier.verify(token)).toMatchObject({ subject: 'user-1' });
  });

  it('is refused with any character replaced by any other of the alphabet', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...alphabet), async (at, character) => {
        fc.pre(token[at] !== character);
        await expectRefused(token.slice(0, at) + character + token.slice(at + 1));
      }),
      { numRuns: 1500 },
    );
  });

  it('is refused with any bit of any character flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.nat(7), async (at, bit) => {
        await expectRefused(
          token.slice(0, at) + String.fromCharCode(token.charCodeAt(at) ^ (1 << bit)) + token.slice(at + 1),
        );
      }),
      { numRuns: 1500 },
    );
  });

  it('is refused with anything inserted, anything left out, or parts exchanged', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length),
        fc.oneof(
          fc.string({ minLength: 1, maxLength: 3 }),
          fc.constantFrom('.', '=', '==', ' ', '\n', '\r\n', '\u0000', '%00'),
        ),
        async (at, inserted) => expectRefused(token.slice(0, at) + inserted + token.slice(at)),
      ),
      { numRuns: 500 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.integer({ min: 1, max: 20 }), async (at, length) =>
        expectRefused(token.slice(0, at) + token.slice(at + length)),
      ),
      { numRuns: 500 },
    );
    const [header, payload, signature] = token.split('.');
    for (const parts of [
      [payload, header, signature],
      [header, signature, payload],
      [header, header, signature],
    ]) {
      await expectRefused(parts.join('.'));
    }
  });

  it.each(['\n', '\r\n', ' ', '\t', '\u00a0', '\ufeff', '==', '='])(
    'is refused with %j before it or after it',
    async (extra) => {
      await expectRefused(token + extra);
      await expectRefused(extra + token);
    },
  );
});

describe('a good token', () => {
  it('says the same to @fastify/jwt, whatever else is in it', async () => {
    await using app = Fastify();
    const key = issuer.signingKey.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await app.register(fastifyJwt, {
      secret: { public: key },
      verify: {
        algorithms: ['RS256'],
        checkTyp: 'at+jwt',
        allowedIss: issuer.issuer,
        allowedAud: 'cart-service',
        requiredClaims: ['sub', 'client_id', 'jti', 'iat', 'exp'],
      },
    });
    await app.ready();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.jsonValue({ maxDepth: 3 }),
        async (note, extra) => {
          const good = issuer.mint({ claims: { [`urn:${note}`]: note, extra } });
          expect((await verifier.verify(good)).claims).toEqual(app.jwt.verify(good));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('any text at all', () => {
  it('is refused as a bad token, never by another error', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: codePoint, maxLength: 200 }), expectRefused), {
      numRuns: 1000,
    });
    const part = fc.oneof(
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => expectRefused(parts.join('.'))),
      { numRuns: 1000 },
    );
  });
});

describe('the header', () => {
  const header = (changes: Record<string, unknown>): string => issuer.mint({ header: changes });

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/at+JWT'])(
    'may spell its type %s',
    (typ) => {
      expect(verifier.verify(header({ typ }))).toMatchObject({ subject: 'user-1' });
    },
  );

  it('may have parameters that change nothing (RFC 7515 §4)', () => {
    expect(verifier.verify(header({ x5t: 'abc', 'urn:example:note': [1] }))).toMatchObject({
      subject: 'user-1',
    });
  });

  it('yields the kid, the claims, what is signed, and the signature', () => {
    const { kid, claims, input, signature } = readCompactToken(token);
    expect(kid).toBe(issuer.signingKey.kid);
    expect(claims).toMatchObject({ sub: 'user-1', act: { sub: 'payment-service' } });
    expect(`${input}.${signature.toString('base64url')}`).toBe(token);
  });

  it('that was good for one kind of token is read anew for another', () => {
    const reading = (typ: string) => () => readCompactToken(token, { types: [typ] });
    expect(readCompactToken(token)).toEqual(reading('at+jwt')());
    expect(reading('secevent+jwt')).toThrow(expect.objectContaining({ reason: 'typ' }));
  });
});

describe('each check stands by itself, also where OpenSSL would refuse as well', () => {
  const reasonOf = (bad: string): unknown => {
    try {
      return verifier.verify(bad);
    } catch (error) {
      return (error as AuthError).reason;
    }
  };

  it.each<[string, Record<string, unknown>]>([
    ['alg', { alg: 'none' }],
    ['alg', { alg: 'HS256' }],
    ['alg', { alg: ['RS256'] }],
    ['typ', { typ: 'JWT' }],
    ['typ', { typ: undefined }],
    ['kid', { kid: 'a/b' }],
    ['header', { crit: ['exp'] }],
  ])('%s: %j', (reason, changes) => {
    expect(reasonOf(issuer.mint({ header: changes }))).toBe(reason);
  });

  it('the length of the token', () => {
    expect(reasonOf(issuer.mint({ claims: { note: 'x'.repeat(6500) } }))).toBe('length');
  });

  it('the length of the signature', () => {
    const signature = Buffer.from(token.split('.')[2] ?? '', 'base64url');
    const input = token.slice(0, token.lastIndexOf('.') + 1);
    expect(reasonOf(input + Buffer.concat([Buffer.from([0]), signature]).toString('base64url'))).toBe(
      'signature',
    );
    expect(reasonOf(input + signature.subarray(1).toString('base64url'))).toBe('signature');
  });

  it('the signature, before any claim is looked at', () => {
    const other = issuer.mint({ claims: { iss: 'https://issuer.example', exp: 1 } });
    const forged = `${other.slice(0, other.lastIndexOf('.'))}.${token.split('.')[2]}`;
    expect(reasonOf(forged)).toBe('signature');
  });
});
