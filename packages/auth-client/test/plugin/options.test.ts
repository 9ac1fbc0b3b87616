import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { type AuthClientOptions, AuthClientOptionsError, authClient } from '../../src/index.ts';
import { checkOptions } from '../../src/plugin/options.ts';
import { createRevocationList } from '../../src/revocation/revocation-list.ts';

const good = {
  issuer: 'https://auth.example',
  audience: 'cart-service',
  jwksUri: 'http://auth-service:4000/.well-known/jwks.json',
  revocations: null,
};

const feed = { uri: 'http://auth-service:4000/revocations', accessToken: async () => 'token' };
const needed =
  'revocations must be { uri, accessToken }, a list of revocations, or null if this service gets none';
const badLag = 'revocations.maxLagSeconds must be a whole number of seconds, 1 or more, or null';

function fault(changes: Record<string, unknown>): string {
  try {
    checkOptions({ ...good, ...changes } as AuthClientOptions);
    return 'none';
  } catch (error) {
    expect(error).toBeInstanceOf(AuthClientOptionsError);
    return (error as Error).message.replace('@latchkey/auth-client cannot be registered: ', '');
  }
}

describe('the options', () => {
  it('have defaults except for the issuer, the audience, the address of the keys and the source of revocations', () => {
    expect(checkOptions(good)).toMatchObject({
      ...good,
      maxTokenLifetimeSeconds: 300,
      clockSkewSeconds: 30,
      jwksTimeoutMs: 5000,
      jwksCooldownSeconds: 30,
      jwksMaxStaleSeconds: 3600,
      verifiedTokensMax: 10_000,
    });
  });

  it.each<[Record<string, unknown>, string]>([
    [{}, 'none'],
    [{ clockSkewSeconds: undefined }, 'none'],
    [{ clockSkewSeconds: 0 }, 'none'],
    [{ issuer: undefined }, 'issuer must be an http(s) URL'],
    [{ issuer: 'auth-service' }, 'issuer must be an http(s) URL'],
    [{ issuer: ['https://auth.example'] }, 'issuer must be an http(s) URL'],
    [{ jwksUri: 'file:///etc/passwd' }, 'jwksUri must be an http(s) URL'],
    [{ jwksUri: 'https://user:password@auth.example/jwks.json' }, 'jwksUri must be an http(s) URL'],
    [{ jwksUri: '' }, 'jwksUri must be an http(s) URL'],
    // A URL parser would normalise these, and no token has such an `iss`.
    ...[
      ' https://auth.example',
      'https://auth.example\n',
      'https:auth.example',
      'https:\\\\auth.example',
    ].map((issuer): [Record<string, unknown>, string] => [{ issuer }, 'issuer must be an http(s) URL']),
    // Some issuers write theirs like this. It is compared as a string.
    [{ issuer: 'https://auth.example/' }, 'none'],
    [{ revocations: undefined }, needed],
    [{ revocations: false }, needed],
    [{ revocations: 'https://auth.example/revocations' }, needed],
    [{ revocations: [feed] }, needed],
    [{ revocations: feed }, 'none'],
    [{ revocations: { ...feed, maxLagSeconds: null } }, 'none'],
    [{ revocations: { ...feed, maxLagSeconds: 10 } }, 'none'],
    [
      { revocations: {} },
      'revocations.uri must be an http(s) URL; revocations.accessToken must be a function',
    ],
    [{ revocations: { ...feed, uri: '/revocations' } }, 'revocations.uri must be an http(s) URL'],
    [{ revocations: { ...feed, accessToken: 'token' } }, 'revocations.accessToken must be a function'],
    [{ revocations: { ...feed, maxLagSeconds: 0 } }, badLag],
    [{ revocations: { ...feed, maxLagSeconds: '10' } }, badLag],
    [{ revocations: { ...feed, maxLagSecond: 10 } }, 'revocations: unknown option "maxLagSecond"'],
    [{ revocations: createRevocationList({ retentionSeconds: 330 }) }, 'none'],
    [
      { audience: '' },
      'audience must be 1 to 255 printable ASCII characters without space, quote or backslash',
    ],
    [
      { audience: ['cart-service'] },
      'audience must be 1 to 255 printable ASCII characters without space, quote or backslash',
    ],
    [
      { audience: 'cart\r\nservice' },
      'audience must be 1 to 255 printable ASCII characters without space, quote or backslash',
    ],
    [{ clockSkewSeconds: -1 }, 'clockSkewSeconds must be a whole number from 0 to 300'],
    [{ clockSkewSeconds: Number.POSITIVE_INFINITY }, 'clockSkewSeconds must be a whole number from 0 to 300'],
    [{ clockSkewSeconds: '30' }, 'clockSkewSeconds must be a whole number from 0 to 300'],
    [{ clockSkewSeconds: null }, 'clockSkewSeconds must be a whole number from 0 to 300'],
    [{ maxTokenLifetimeSeconds: 0 }, 'maxTokenLifetimeSeconds must be a whole number from 1 to 86400'],
    [
      { maxTokenLifetimeSeconds: Number.NaN },
      'maxTokenLifetimeSeconds must be a whole number from 1 to 86400',
    ],
    [{ jwksTimeoutMs: 0.5 }, 'jwksTimeoutMs must be a whole number from 1 to 60000'],
    [{ jwksCooldownSeconds: 0 }, 'jwksCooldownSeconds must be a whole number from 1 to 3600'],
    [{ jwksMaxStaleSeconds: 1e9 }, 'jwksMaxStaleSeconds must be a whole number from 1 to 604800'],
    [{ verifiedTokensMax: 0 }, 'verifiedTokensMax must be a whole number from 2 to 10000000'],
    [{ fetch: 'fetch' }, 'fetch must be a function'],
    [{ clock: {} }, 'clock must have wallMs() and monotonicMs()'],
    [{ clock: null }, 'clock must have wallMs() and monotonicMs()'],
    [{ clockSkewSecond: 5 }, 'unknown option "clockSkewSecond"'],
    [{ algorithms: ['none'] }, 'unknown option "algorithms"'],
    [{ ignoreExpiration: true }, 'unknown option "ignoreExpiration"'],
  ])('%j: %s', (changes, expected) => {
    expect(fault(changes)).toBe(expected);
  });

  it('are all checked at once, in one message', () => {
    expect(fault({ issuer: 'x', audience: '', clockSkewSeconds: -1, verify: false })).toBe(
      'unknown option "verify"; issuer must be an http(s) URL; audience must be 1 to 255 printable ASCII characters ' +
        'without space, quote or backslash; clockSkewSeconds must be a whole number from 0 to 300',
    );
  });

  it('keep a service from starting when they are wrong', async () => {
    const app = Fastify();
    const registering = app.register(authClient, { ...good, audience: '' }).ready();
    await expect(registering).rejects.toMatchObject({ code: 'invalid_options' });
    await app.close();
  });
});
