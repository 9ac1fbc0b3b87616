import { forThisFile } from '@latchkey/testing';
import { describe, expect, it } from 'vitest';
import { type AuthClientOptions, createServiceIdentity, signedTokenOf } from '../../src/index.ts';
import { encryptToken } from '../../src/jwt/index.ts';
import { createTokenDecryption } from '../../src/key-set/token-decryption.ts';
import { createProver, createTestIssuer } from '../../src/testing/index.ts';
import { audience, startService } from '../service.ts';
import { decoded, segmentsOf } from '../tokens.ts';
import { decryptionKey, encryptionRows } from './encryption-rows.ts';

const issuer = await forThisFile(createTestIssuer({ audience, maxAgeSeconds: 3600 }));
const start = async (options: Partial<AuthClientOptions> = {}) =>
  forThisFile(startService(issuer, { options: { jwksCooldownSeconds: 3600, ...options } }));
const text = decryptionKey();
const decryption = createTokenDecryption([text]);
const key = decryption.publicKey;
const service = await start({ decryption });

const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

describe('an encrypted token', () => {
  it('is admitted, and says what the token inside says', async () => {
    const response = await service.cart(await issuer.mintEncrypted(key, { scope: 'cart:read' }));
    expect([response.status, await response.json()]).toEqual([200, { owner: 'user-1' }]);
  });

  it('shows nothing but how it is encrypted, and to which key', async () => {
    const token = await issuer.mintEncrypted(key, { subject: 'somebody', scope: 'cart:read' });
    const [first = '', encryptedKey] = segmentsOf(token);
    expect(JSON.parse(decoded(first).toString())).toEqual({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      cty: 'JWT',
      kid: key.kid,
      epk: { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) },
    });
    expect(encryptedKey).toBe('');
    for (const segment of segmentsOf(token))
      expect(decoded(segment).toString('latin1')).not.toContain('somebody');
  });

  it('is opened once, and remembered like any other token', async () => {
    let opened = 0;
    const counted = await start({
      decryption: {
        publicKey: key,
        open(token) {
          opened += 1;
          return decryption.open(token);
        },
      },
    });
    const token = await issuer.mintEncrypted(key, { scope: 'cart:read' });
    for (let request = 0; request < 3; request += 1) expect((await counted.cart(token)).status).toBe(200);
    expect([opened, counted.app.authClient.verifiedTokens]).toEqual([1, 1]);
  });

  it('may be bound to a key: the proof names the hash of the encrypted token, as it is sent', async () => {
    const prover = createProver();
    const claims = { cnf: { jkt: prover.thumbprint } };
    const signed = issuer.mint({ scope: 'cart:read', claims });
    const token = await encryptToken(signed, key);
    const url = `${service.url}/cart`;
    const send = async (accessToken: string, nonce?: string) =>
      fetch(url, {
        headers: {
          authorization: `DPoP ${token}`,
          dpop: prover.prove({ method: 'GET', url, accessToken, nonce }),
        },
      });
    const nonce = (await send(token)).headers.get('dpop-nonce') ?? '';
    expect((await send(token, nonce)).status).toBe(200);
    const overWhatIsInside = await send(signed, nonce);
    expect([overWhatIsInside.status, await codeOf(overWhatIsInside)]).toEqual([401, 'invalid_dpop_proof']);
    const asBearer = await service.cart(token);
    expect([asBearer.status, await codeOf(asBearer)]).toEqual([401, 'invalid_token']);
  });

  it('gives the service the signed token, to present to the issuer', async () => {
    const signed = issuer.mint();
    const authentication = await service.app.authClient.verify(await encryptToken(signed, key));
    expect(signedTokenOf(authentication)).toBe(signed);
    expect(JSON.stringify(authentication)).not.toContain(segmentsOf(signed)[2]);
    expect(signedTokenOf(await service.app.authClient.verify(signed))).toBeUndefined();
  });
});

describe('an encrypted token that must be refused', () => {
  it.each(encryptionRows)('$name', async ({ token, reason }) => {
    const bad = await token({ issuer, key });
    for (const _ of ['at first', 'again']) {
      const response = await service.get('/account', `Bearer ${bad}`);
      expect([response.status, await codeOf(response)]).toEqual([401, 'invalid_token']);
      expect(response.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="cart-service", error="invalid_token"/,
      );
    }
    await expect(service.app.authClient.inspect(bad)).rejects.toMatchObject({ status: 401, reason });
  });

  it('is every one, at a service without a key', async () => {
    const plainOnly = await start();
    const token = await issuer.mintEncrypted(key, { scope: 'cart:read' });
    expect((await plainOnly.cart(token)).status).toBe(401);
    await expect(plainOnly.app.authClient.inspect(token)).rejects.toMatchObject({ reason: 'encrypted' });
  });
});

describe('a service that requires encryption', () => {
  it('refuses a signed token, also after the same one came encrypted', async () => {
    const strict = await start({ decryption, encryptedTokens: 'required' });
    const signed = issuer.mint({ scope: 'cart:read' });
    expect((await strict.cart(await encryptToken(signed, key))).status).toBe(200);
    const response = await strict.cart(signed);
    expect([response.status, await codeOf(response)]).toEqual([401, 'invalid_token']);
    await expect(strict.app.authClient.inspect(signed)).rejects.toMatchObject({ reason: 'not encrypted' });
  });

  it('cannot do so without a key', async () => {
    await expect(start({ encryptedTokens: 'required' })).rejects.toThrow(
      "encryptedTokens 'required' needs decryption",
    );
    await expect(start({ encryptedTokens: 'sometimes' as 'required' })).rejects.toThrow(
      'encryptedTokens must be',
    );
    await expect(start({ decryption: {} as typeof decryption })).rejects.toThrow('decryption must be');
  });
});

describe('the keys of a service', () => {
  const identityWith = (...decryptionKeys: string[]) =>
    createServiceIdentity({ clientId: audience, decryptionKeys });

  it('are published: the first of them, beside those that sign', async () => {
    const identity = identityWith(text, decryptionKey());
    await identity.ready();
    const keys = await identity.publicKeys();
    identity.close();
    expect(keys.map(({ use }) => use)).toEqual(['sig', 'enc']);
    expect(keys[1]).toEqual({
      kty: 'EC',
      crv: 'P-256',
      x: expect.stringMatching(/^[\w-]{43}$/),
      y: expect.stringMatching(/^[\w-]{43}$/),
      kid: key.kid,
      use: 'enc',
      alg: 'ECDH-ES',
    });
    expect(JSON.stringify(keys)).not.toContain(text);
  });

  it('change with overlap: the old one opens what was encrypted to it, until it is taken away', async () => {
    const [first, second] = [decryptionKey(), decryptionKey()];
    const at = async (...keys: string[]) => {
      const identity = identityWith(...keys);
      identity.close();
      const { decryption } = identity;
      return { key: decryption?.publicKey ?? key, service: await start({ decryption }) };
    };
    const before = await at(first);
    const prepared = await at(first, second);
    const after = await at(second, first);
    const done = await at(second);
    expect([prepared.key.kid, done.key.kid]).toEqual([before.key.kid, after.key.kid]);
    const old = await issuer.mintEncrypted(before.key, { scope: 'cart:read' });
    const fresh = await issuer.mintEncrypted(after.key, { scope: 'cart:read' });
    const statuses = async (token: string) =>
      Promise.all(
        [before, prepared, after, done].map(async ({ service }) => (await service.cart(token)).status),
      );
    expect(await statuses(old)).toEqual([200, 200, 200, 401]);
    expect(await statuses(fresh)).toEqual([401, 200, 200, 200]);
  });

  it.each([
    ['no bytes', ''],
    ['too few', 'AAAA'],
    ['zero', 'A'.repeat(43)],
    ['the order of the curve', '_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE'],
    ['padding', `${decryptionKey()}=`],
  ])('are refused when one is none, without being repeated: %s', (_, bad) => {
    const attempt = () => identityWith(text, bad);
    expect(attempt).toThrow(/decryptionKeys: key 2 is not a private key on P-256/);
    try {
      attempt();
    } catch (error) {
      if (bad !== '') expect(String(error)).not.toContain(bad);
    }
  });
});
