import { constants, createHmac, randomUUID, sign } from 'node:crypto';
import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { testIssuer } from '../../support/auth-app.ts';
import { jwtBearer } from '../../support/services.ts';
import { presenting, seconds, startWithAssertions } from './assertion-fixture.ts';

const auth = await forThisFile(startWithAssertions());

const good = (changes = {}) => auth.services.assertion('payment-service', changes);
const withClaims = (claims: Record<string, unknown>) => good({ claims });
const withHeader = (header: Record<string, unknown>) => good({ header });

test.each<[string, () => Record<string, string>]>([
  ['as it should be', () => presenting(good())],
  [
    'without client_id, since the assertion says it',
    () => {
      const { client_id: _, ...parameters } = presenting(good());
      return parameters;
    },
  ],
  ['with aud in an array of one', () => presenting(withClaims({ aud: [testIssuer] }))],
  ['with typ JWT', () => presenting(withHeader({ typ: 'JWT' }))],
  ['with typ client-authentication+jwt', () => presenting(withHeader({ typ: 'client-authentication+jwt' }))],
  [
    'with times that have fractions (RFC 7519 §2)',
    () =>
      presenting(withClaims({ iat: seconds() + 0.123456, nbf: seconds() - 0.5, exp: seconds() + 59.999 })),
  ],
  [
    'that lives for 60 s, with fractions that no double holds',
    () => presenting(withClaims({ iat: seconds() + 0.1, exp: seconds() + 60.1 })),
  ],
  ['with a nbf of now', () => presenting(withClaims({ nbf: seconds() }))],
  [
    'of a service whose clock is 25 s ahead',
    () => presenting(withClaims({ iat: seconds() + 25, exp: seconds() + 85 })),
  ],
  [
    'of a service whose clock is 85 s behind',
    () => presenting(withClaims({ iat: seconds() - 85, exp: seconds() - 25 })),
  ],
  ['with a jti of 128 characters', () => presenting(withClaims({ jti: randomUUID().padEnd(128, 'x') }))],
])('an assertion %s lets the service in', async (_what, parameters) => {
  const answer = await auth.authenticate(parameters());
  expect(answer.json()).toMatchObject({ token_type: 'Bearer' });
  expect(answer.statusCode).toBe(200);
});

/** RS256's rival with the same key (RFC 8725 §2.1). */
function ps256(): string {
  const key = auth.services.key('payment-service');
  const [, payload] = good().split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'PS256', kid: key.kid })).toString('base64url');
  const options = { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  return `${header}.${payload}.${sign('sha256', Buffer.from(`${header}.${payload}`), options).toString('base64url')}`;
}

function hs256(secret: string | Buffer): string {
  const [, payload] = good().split('.');
  const kid = auth.services.key('payment-service').kid;
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid })).toString('base64url');
  const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return `${header}.${payload}.${mac}`;
}

const publicPem = () =>
  auth.services.key('payment-service').publicKey.export({ type: 'spki', format: 'pem' }) as string;

const refusals: [string, () => Record<string, string>][] = [
  ['no assertion', () => ({ client_id: 'payment-service' })],
  ['no client at all', () => ({})],
  ['an unknown client', () => ({ ...presenting(good()), client_id: 'nobody' })],
  ['a client that every object inherits', () => ({ client_id: 'constructor' })],
  ['an assertion and no type', () => ({ client_id: 'payment-service', client_assertion: good() })],
  ['a type and no assertion', () => ({ client_id: 'payment-service', client_assertion_type: jwtBearer })],
  [
    'another type',
    () => ({
      ...presenting(good()),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
    }),
  ],
  ['a secret', () => ({ client_id: 'payment-service', client_secret: 'hunter2' })],
  ['a secret beside the assertion', () => ({ ...presenting(good()), client_secret: 'hunter2' })],
  ['the client_id of another service', () => ({ ...presenting(good()), client_id: 'wishlist-service' })],
  ['the client_id of a public client', () => ({ ...presenting(good()), client_id: 'latchkey-cli' })],
  [
    'the assertion of another service, both saying so',
    () => ({
      ...presenting(good({ claims: { iss: 'wishlist-service', sub: 'wishlist-service' } })),
      client_id: 'wishlist-service',
    }),
  ],
  ['iss of another service', () => presenting(withClaims({ iss: 'wishlist-service' }))],
  ['sub of another service', () => presenting(withClaims({ sub: 'wishlist-service' }))],
  ['no iss', () => presenting(withClaims({ iss: undefined }))],
  ['no sub', () => presenting(withClaims({ sub: undefined }))],
  ['iss in an array', () => presenting(withClaims({ iss: ['payment-service'] }))],
  ['no aud', () => presenting(withClaims({ aud: undefined }))],
  ['aud of another server', () => presenting(withClaims({ aud: 'https://other.example' }))],
  ['the token endpoint as aud', () => presenting(withClaims({ aud: `${testIssuer}/token` }))],
  ['our issuer with a slash as aud', () => presenting(withClaims({ aud: `${testIssuer}/` }))],
  [
    'two audiences, ours among them',
    () => presenting(withClaims({ aud: [testIssuer, 'https://other.example'] })),
  ],
  ['our issuer twice', () => presenting(withClaims({ aud: [testIssuer, testIssuer] }))],
  ['an empty aud', () => presenting(withClaims({ aud: [] }))],
  ['no jti', () => presenting(withClaims({ jti: undefined }))],
  ['an empty jti', () => presenting(withClaims({ jti: '' }))],
  ['a number for jti', () => presenting(withClaims({ jti: 7 }))],
  ['a jti of 129 characters', () => presenting(withClaims({ jti: 'x'.repeat(129) }))],
  ['a jti with a line feed', () => presenting(withClaims({ jti: 'a\nb' }))],
  ['no iat', () => presenting(withClaims({ iat: undefined }))],
  ['no exp', () => presenting(withClaims({ exp: undefined }))],
  ['a lifetime of 61 s', () => presenting(withClaims({ exp: seconds() + 61, iat: seconds() }))],
  ['exp before iat', () => presenting(withClaims({ exp: seconds() - 1 }))],
  ['exp as text', () => presenting(withClaims({ exp: String(seconds() + 60) }))],
  ['exp beyond all years', () => presenting(withClaims({ exp: 1e308 }))],
  ['iat before 1970', () => presenting(withClaims({ iat: -1.5, exp: 30.5 }))],
  ['nbf as text', () => presenting(withClaims({ nbf: `${seconds()}.5` }))],
  ['a lifetime of 60.01 s', () => presenting(withClaims({ iat: seconds() + 0.5, exp: seconds() + 60.51 }))],
  ['times in milliseconds', () => presenting(withClaims({ iat: Date.now(), exp: Date.now() + 60 }))],
  ['iat 35 s ahead', () => presenting(withClaims({ iat: seconds() + 35, exp: seconds() + 60 }))],
  ['nbf 35 s ahead', () => presenting(withClaims({ nbf: seconds() + 35 }))],
  ['exp 31 s ago', () => presenting(withClaims({ iat: seconds() - 91, exp: seconds() - 31 }))],
  ['alg none', () => presenting(`${withHeader({ alg: 'none' }).split('.').slice(0, 2).join('.')}.`)],
  ['alg none, and a signature', () => presenting(withHeader({ alg: 'none' }))],
  ['alg HS256 by the public key as PEM', () => presenting(hs256(publicPem()))],
  ['alg PS256', () => presenting(ps256())],
  ['alg RS512', () => presenting(withHeader({ alg: 'RS512' }))],
  ['no kid', () => presenting(withHeader({ kid: undefined }))],
  ['an unknown kid', () => presenting(good({ key: auth.stranger }))],
  [
    'another key under the known kid',
    () => presenting(good({ key: auth.stranger, header: { kid: auth.services.key('payment-service').kid } })),
  ],
  [
    'its own key in the header',
    () => presenting(good({ key: auth.stranger, header: { jwk: auth.stranger.jwk } })),
  ],
  ['jku', () => presenting(withHeader({ jku: 'http://127.0.0.1:9/keys' }))],
  ['x5c', () => presenting(withHeader({ x5c: ['MIIB'] }))],
  ['x5t', () => presenting(withHeader({ x5t: 'AAAA' }))],
  ['crit', () => presenting(withHeader({ crit: ['exp'] }))],
  ['typ at+jwt', () => presenting(withHeader({ typ: 'at+jwt' }))],
  ['typ secevent+jwt', () => presenting(withHeader({ typ: 'secevent+jwt' }))],
  ['a changed payload', () => presenting(good().replace(/\.(.{20})./, '.$1A'))],
  ['a line feed at its end', () => presenting(`${good()}\n`)],
  ['nothing of a JWT', () => presenting('x')],
  ['a payload that is no JSON', () => presenting(`${good().split('.')[0]}.bm90IGpzb24.AAAA`)],
  [
    'a payload nested 3,000 deep',
    () => presenting(`${good().split('.')[0]}.${Buffer.from('['.repeat(3000)).toString('base64url')}.AAAA`),
  ],
  ['more than 8 KB', () => presenting(withClaims({ note: 'x'.repeat(9000) }))],
];

describe('refused with invalid_client, in the same words', () => {
  test.each(refusals)('%s', async (_what, parameters) => {
    const answer = await auth.authenticate(parameters());
    expect(answer.json()).toEqual({
      error: 'invalid_client',
      error_description: 'The client could not be authenticated.',
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });
});

describe('the audit log', () => {
  test('no assertion is in the log', async () => {
    await auth.authenticate(presenting(good()));
    await auth.authenticate(presenting(withClaims({ aud: 'x' })));
    expect(auth.logs()).not.toMatch(/eyJ[\w-]{10,}/);
  });
});
