import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.ts';
import { audience, startService, type TestService } from '../service.ts';

let issuer: TestIssuer;
let service: TestService;

beforeEach(async () => {
  issuer = await createTestIssuer({ audience });
  service = await startService(issuer, {
    options: { revocations: { ...issuer.revocations, maxLagSeconds: 2 } },
  });
  await service.app.authClient.ready();
});
afterEach(async () => {
  await service.close();
  await issuer.close();
});

const mint = (sessionId: string): string => issuer.mint({ scope: 'cart:read', sessionId });

describe('a service that follows the issuer’s feed', () => {
  it('refuses revoked tokens with the reason, before it tells its listeners', async () => {
    const [ended, other] = [mint('session-1'), mint('session-2')];
    for (const token of [ended, other]) expect((await service.cart(token)).status).toBe(200);
    const { reconnects } = service.app.authClient.revocations ?? {};
    const heard = new Promise<Promise<Response>>((resolve) => {
      service.app.authClient.onRevoked(() => resolve(service.cart(ended)));
    });
    issuer.revoke({ kind: 'session', id: 'session-1', reason: 'displaced' });
    const refused = await await heard;
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: 'invalid_token', reason: 'displaced' });
    expect((await service.cart(other)).status).toBe(200);
    expect(service.app.authClient.revocations).toMatchObject({ entries: 1, reconnects, refusedEvents: 0 });
  });

  it('knows at its start what was revoked before', async () => {
    const token = mint('session-1');
    issuer.revoke({ kind: 'session', id: 'session-1', reason: 'sign_out' });
    const late = await startService(issuer, { options: { revocations: issuer.revocations } });
    await late.app.authClient.ready();
    expect((await late.cart(token)).status).toBe(401);
    await late.close();
  });

  it('changes to another key at once, without a token that needs it', async () => {
    const token = mint('session-1');
    expect((await service.cart(token)).status).toBe(200);
    const dead = issuer.signingKey.kid;
    await issuer.rotate();
    issuer.revoke({ kind: 'key', id: dead, reason: 'key_revoked' });
    await eventually('the token is refused as revoked', async () =>
      expect((await service.cart(token)).status).toBe(401),
    );
    expect(await (await service.cart(token)).json()).toMatchObject({ reason: 'key_revoked' });
    await eventually('the revoked key is forgotten', () => expect(service.app.authClient.keySetSize).toBe(1));
    expect((await service.cart(mint('session-1'))).status).toBe(200);
  });

  it('refuses when the feed was silent for longer than allowed, until it sends again', async () => {
    const [ended, other] = [mint('session-1'), mint('session-2')];
    const status = async (path: string, token: string): Promise<number> =>
      (await service.get(path, `Bearer ${token}`)).status;
    issuer.cutFeed();
    await eventually('the service refuses, since the feed was silent for too long', async () =>
      expect(await status('/cart', other)).toBe(503),
    );
    expect(await status('/account', other)).toBe(503);
    expect(await status('/any-age', other)).toBe(200);
    await expect(service.app.authClient.verify(other)).rejects.toMatchObject({ code: 'revocations_stale' });

    issuer.revoke({ kind: 'session', id: 'session-1', reason: 'sign_out' });
    issuer.restoreFeed();
    await eventually('the service accepts again', async () => expect(await status('/cart', other)).toBe(200));
    expect(await status('/any-age', ended)).toBe(401);
    expect(service.app.authClient.revocations?.reconnects).toBeGreaterThan(0);
  });
});
