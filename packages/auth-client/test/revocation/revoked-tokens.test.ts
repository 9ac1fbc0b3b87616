import { eventually, forThisFile } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Authentication,
  createRevocationList,
  type Revocation,
  type RevocationList,
} from '../../src/index.ts';
import { createTestIssuer } from '../../src/testing/index.ts';
import { createTestClock, type TestClock } from '../clock.ts';
import { audience, startService, type TestService } from '../service.ts';

type Row = {
  name: string;
  revocation(token: Authentication): Revocation;
};

/** Tokens that must be refused once the service learns of the revocation, whether or not it has seen them before. */
const rows: Row[] = [
  {
    name: 'a revoked session',
    revocation: ({ sessionId = '' }) => ({ kind: 'session', id: sessionId, reason: 'sign_out' }),
  },
  {
    name: 'a revoked jti',
    revocation: ({ tokenId }) => ({ kind: 'token', id: tokenId, reason: 'token_revoked' }),
  },
  {
    name: 'a revoked subject',
    revocation: ({ subject, issuedAt }) => ({
      kind: 'subject',
      id: subject,
      before: issuedAt + 1,
      reason: 'roles_changed',
    }),
  },
  {
    name: 'a revoked client',
    revocation: ({ clientId, issuedAt }) => ({
      kind: 'client',
      id: clientId,
      before: issuedAt + 1,
      reason: 'client_revoked',
    }),
  },
  { name: 'a revoked key', revocation: ({ keyId }) => ({ kind: 'key', id: keyId, reason: 'key_revoked' }) },
  {
    name: 'all that were issued before',
    revocation: ({ issuedAt }) => ({ kind: 'all', before: issuedAt + 1, reason: 'store_lost' }),
  },
];

let clock: TestClock;
let list: RevocationList;
let service: TestService;

const issuer = await forThisFile(createTestIssuer({ audience }));
beforeEach(async () => {
  clock = createTestClock();
  list = createRevocationList({ retentionSeconds: 330, clock });
  list.confirm();
  service = await startService(issuer, { options: { revocations: list, clock } });
  await service.app.authClient.ready();
});
afterEach(() => service.close());

const mint = (): string => issuer.mint({ scope: 'cart:read' });

/** The token's claims, verified by a service that ignores revocations. */
async function read(token: string): Promise<Authentication> {
  const other = await startService(issuer);
  try {
    return await other.app.authClient.verify(token);
  } finally {
    await other.close();
  }
}

async function expectRevoked(response: Response, reason: string): Promise<void> {
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe(
    'Bearer realm="cart-service", error="invalid_token", error_description="The access token is not valid here", DPoP algs="ES256 EdDSA RS256"',
  );
  expect(await response.json()).toEqual({
    type: 'about:blank',
    title: 'Unauthorized',
    status: 401,
    code: 'invalid_token',
    detail: expect.any(String),
    instance: expect.any(String),
    reason,
  });
}

describe('a token that must be refused', () => {
  it.each(rows)('$name, which was never seen', async ({ revocation }) => {
    const token = mint();
    const revoked = revocation(await read(token));
    list.apply([revoked]);
    await expectRevoked(await service.cart(token), revoked.reason);
    await expectRevoked(await service.cart(token), revoked.reason);
  });

  it.each(rows)('$name, which was cached', async ({ revocation }) => {
    const token = mint();
    const revoked = revocation(await read(token));
    for (let n = 0; n < 3; n += 1) expect((await service.cart(token)).status).toBe(200);
    list.apply([revoked]);
    await expectRevoked(await service.cart(token), revoked.reason);
    await expectRevoked(await service.cart(token), revoked.reason);
  });

  it.each(rows)('$name, when it comes by another way than a header', async ({ revocation }) => {
    const token = mint();
    const revoked = revocation(await service.app.authClient.verify(token));
    list.apply([revoked]);
    await expect(service.app.authClient.verify(token)).rejects.toMatchObject({
      code: 'invalid_token',
      status: 401,
      reason: `revoked: ${revoked.reason}`,
      extensions: { reason: revoked.reason },
      headers: { 'www-authenticate': expect.stringContaining('error="invalid_token"') },
    });
  });

  it('a session of which an exchanged token stems', async () => {
    const token = issuer.mint({
      scope: 'cart:read',
      clientId: 'payment-service',
      sessionId: 'session-7',
      claims: { act: { sub: 'payment-service' } },
    });
    expect((await service.cart(token)).status).toBe(200);
    list.apply([{ kind: 'session', id: 'session-7', reason: 'displaced' }]);
    await expectRevoked(await service.cart(token), 'displaced');
  });
});

describe('a token that is not concerned', () => {
  it.each(rows)('passes, however much is revoked: $name', async ({ revocation }) => {
    await issuer.rotate();
    const cached = mint();
    expect((await service.cart(cached)).status).toBe(200);
    const other = issuer.mint({ sessionId: 'session-2', subject: 'user-2', clientId: 'another-client' });
    const caller = { ...(await read(other)), keyId: 'another-key' };
    // The revocation lies in the past of both tokens.
    list.apply([revocation({ ...caller, issuedAt: caller.issuedAt - 1000 })]);
    expect((await service.cart(cached)).status).toBe(200);
    expect((await service.cart(mint())).status).toBe(200);
  });

  it('passes with a token of the same person that was issued after the change', async () => {
    const before = mint();
    const { issuedAt } = await read(before);
    list.apply([{ kind: 'subject', id: 'user-1', before: issuedAt + 1, reason: 'roles_changed' }]);
    await expectRevoked(await service.cart(before), 'roles_changed');
    const after = issuer.mint({ scope: 'cart:read', claims: { iat: issuedAt + 1 } });
    expect((await service.cart(after)).status).toBe(200);
  });

  it('gets no reason when it is bad for another reason', async () => {
    const bad = issuer.mint({ claims: { aud: 'another-service' } });
    list.apply([{ kind: 'session', id: 'session-1', reason: 'sign_out' }]);
    const response = await service.cart(bad);
    expect(response.status).toBe(401);
    expect(await response.json()).not.toHaveProperty('reason');
  });
});

describe('a token that was found revoked', () => {
  it('stays refused when the list has forgotten it', async () => {
    // A list that forgets too early, because it was made for tokens with a shorter life.
    const hasty = createRevocationList({ retentionSeconds: 1, clock });
    const other = await startService(issuer, { options: { revocations: hasty, clock } });
    const token = mint();
    hasty.apply([{ kind: 'session', id: 'session-1', reason: 'sign_out' }]);
    await expectRevoked(await other.cart(token), 'sign_out');
    clock.advance(10);
    hasty.apply([{ kind: 'session', id: 'session-2', reason: 'sign_out' }]);
    expect(hasty.size).toBe(1);
    await expectRevoked(await other.cart(token), 'sign_out');
    await other.close();
  });
});

describe('a revoked key', () => {
  it('causes a fetch of the keys at once, and its tokens cause no more', async () => {
    const token = mint();
    const dead = issuer.signingKey.kid;
    expect((await service.cart(token)).status).toBe(200);
    await issuer.rotate({ keepOld: false });
    const requests = issuer.keySetRequests;
    list.apply([{ kind: 'key', id: dead, reason: 'key_revoked' }]);
    await expectRevoked(await service.cart(token), 'key_revoked');
    await eventually('the keys were asked for again', () =>
      expect(issuer.keySetRequests).toBeGreaterThan(requests),
    );
    // The new key's tokens are accepted, although none of them triggered the fetch.
    await eventually('the new key verifies', async () =>
      expect((await service.cart(mint())).status).toBe(200),
    );
    // Once more for a replica that had not heard of the key, and never for a token of the revoked key.
    await eventually('the keys were asked for twice more', () =>
      expect(issuer.keySetRequests).toBe(requests + 2),
    );
    for (let n = 0; n < 3; n += 1) {
      await expectRevoked(await service.cart(token), 'key_revoked');
      await expectRevoked(await service.cart(`${token.slice(0, -4)}AAAA`), 'key_revoked');
    }
    expect(issuer.keySetRequests).toBe(requests + 2);
  });
});

describe('a revoked key that the service cannot drop, because its issuer is away', () => {
  it('signs no good token ever again, however new', async () => {
    list.apply([{ kind: 'key', id: issuer.signingKey.kid, reason: 'key_revoked' }]);
    clock.advance(1000);
    list.confirm();
    const iat = Math.floor(clock.wallMs() / 1000);
    const forged = issuer.mint({ scope: 'cart:read', claims: { iat, exp: iat + 300, auth_time: iat } });
    await expectRevoked(await service.cart(forged), 'key_revoked');
  });
});

describe('listeners', () => {
  it('learn of a revocation once its tokens are refused, even if other listeners throw', async () => {
    const token = mint();
    const heard: [Revocation, Promise<unknown>][] = [];
    const { authClient } = service.app;
    authClient.onRevoked(() => {
      throw new Error('no');
    });
    const stop = authClient.onRevoked((revocation) => {
      heard.push([revocation, authClient.verify(token).catch((error: unknown) => error)]);
    });
    const signOut: Revocation = { kind: 'session', id: 'session-1', reason: 'sign_out' };
    list.apply([signOut]);
    list.apply([signOut]);
    stop();
    list.apply([{ ...signOut, id: 'session-2' }]);
    expect(heard).toEqual([[signOut, expect.any(Promise)]]);
    expect(await heard[0]?.[1]).toMatchObject({ extensions: { reason: 'sign_out' } });
  });

  it('learn nothing where the service follows no feed', async () => {
    const deaf = await startService(issuer);
    expect(deaf.app.authClient.revocations).toBeNull();
    deaf.app.authClient.onRevoked(() => expect.fail('who told it?'))();
    await deaf.app.authClient.ready();
    await deaf.close();
  });
});
