import { Buffer } from 'node:buffer';
import { afterEach, describe, expect, it } from 'vitest';
import { createSigningKey, createTestIssuer, type TestIssuer } from '../../src/testing/index.ts';
import { audience, startService } from '../service.ts';

const issuers: TestIssuer[] = [];

async function create(...parameters: Parameters<typeof createTestIssuer>): Promise<TestIssuer> {
  const issuer = await createTestIssuer(...parameters);
  issuers.push(issuer);
  return issuer;
}

afterEach(async () => {
  await Promise.all(issuers.splice(0).map((issuer) => issuer.close()));
});

function partsOf(token: string): [Record<string, unknown>, Record<string, unknown>] {
  const [header = '', payload = ''] = token.split('.');
  return [
    JSON.parse(Buffer.from(header, 'base64url').toString()),
    JSON.parse(Buffer.from(payload, 'base64url').toString()),
  ];
}

describe('a test issuer', () => {
  it('mints tokens as auth-service does, with the given claims', async () => {
    const issuer = await create({ issuer: 'http://localhost:4000', audience });
    const [header, claims] = partsOf(
      issuer.mint({
        subject: 'user-7',
        audience: ['a-service', 'b-service'],
        scope: ['a:read', 'b:read'],
        sessionId: 'session-7',
        clientId: 'storefront',
        lifetimeSeconds: 60,
      }),
    );
    expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: issuer.signingKey.kid });
    expect(claims).toMatchObject({
      iss: 'http://localhost:4000',
      sub: 'user-7',
      aud: ['a-service', 'b-service'],
      scope: 'a:read b:read',
      sid: 'session-7',
      client_id: 'storefront',
    });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(60);
  });

  it('replaces and leaves out claims and header parameters', async () => {
    const issuer = await create({ audience });
    const [header, claims] = partsOf(
      issuer.mint({ header: { typ: 'JWT', kid: undefined }, claims: { sub: 1, jti: undefined } }),
    );
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT' });
    expect(claims.sub).toBe(1);
    expect('jti' in claims).toBe(false);
  });

  it('publishes its key at jwksUri, with the given max-age', async () => {
    const issuer = await create({ maxAgeSeconds: 7 });
    const response = await fetch(issuer.jwksUri);
    expect(await response.json()).toEqual({ keys: [issuer.signingKey.jwk] });
    expect(response.headers.get('cache-control')).toBe('public, max-age=7');
    expect(issuer.keySetRequests).toBe(1);
    expect((await fetch(new URL('/other', issuer.jwksUri))).status).toBe(404);
  });

  it('rotates its key, keeping the old one or not', async () => {
    const issuer = await create();
    const published = async (): Promise<string[]> => {
      const { keys } = (await (await fetch(issuer.jwksUri)).json()) as { keys: { kid: string }[] };
      return keys.map(({ kid }) => kid);
    };
    const first = issuer.signingKey.kid;
    const { kid: second } = await issuer.rotate();
    expect(await published()).toEqual([second, first]);
    const { kid: third } = await issuer.rotate({ keepOld: false });
    expect(await published()).toEqual([third]);
    expect(partsOf(issuer.mint())[0].kid).toBe(third);
  });

  it('shares a key with another if it is given one', async () => {
    const signingKey = await createSigningKey();
    const [one, other] = await Promise.all([create({ signingKey }), create({ signingKey })]);
    expect(one.signingKey).toBe(other.signingKey);
    expect(one.issuer).not.toBe(other.issuer);
  });

  it('mints tokens that a service takes, and tokens that it refuses by the clock', async () => {
    const issuer = await create({ audience });
    const service = await startService(issuer);
    const status = async (token: string): Promise<number> =>
      (await service.get('/account', `Bearer ${token}`)).status;
    expect(await status(issuer.mint())).toBe(200);
    expect(await status(issuer.expired())).toBe(401);
    issuer.skew(20);
    expect(await status(issuer.mint())).toBe(200);
    issuer.skew(40);
    expect(await status(issuer.mint())).toBe(401);
    issuer.skew(-200);
    expect(await status(issuer.mint())).toBe(200);
    issuer.skew(-310);
    expect(await status(issuer.mint())).toBe(401);
    await service.close();
  });
});
