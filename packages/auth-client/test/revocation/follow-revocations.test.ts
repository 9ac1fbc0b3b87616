import { eventually } from '@latchkey/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createRevocationList, followRevocations } from '../../src/index.ts';
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.ts';

const good = {
  issuer: 'http://localhost:4000',
  jwksUri: 'http://localhost:4000/.well-known/jwks.json',
  uri: 'http://localhost:4000/revocations',
  accessToken: async () => 'token',
};

let issuer: TestIssuer | undefined;

afterEach(() => issuer?.close());

describe('following revocations', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ issuer: 'auth' }, 'revocations cannot be followed: issuer must be an http(s) URL'],
    [{ uri: 'ftp://a.example' }, 'uri must be an http(s) URL'],
    [{ jwksUri: undefined }, 'jwksUri must be an http(s) URL'],
    [{ accessToken: 'token' }, 'accessToken must be a function'],
    [{ onLost: 'log' }, 'onLost must be a function'],
    [{ jwksTimeoutMs: 0 }, 'jwksTimeoutMs must be a whole number from 1 to 60000'],
    [{ clock: {} }, 'clock must have wallMs() and monotonicMs()'],
    [{ maxLag: 1, uri: 'x' }, 'unknown option "maxLag"; uri must be an http(s) URL'],
  ])('has its options checked: %j', (changes, expected) => {
    const list = createRevocationList({ retentionSeconds: 330 });
    expect(() => followRevocations(list, { ...good, ...changes } as never)).toThrow(expected);
  });

  it('needs no more than an issuer: it fetches keys by itself, and anew when one is revoked', async () => {
    issuer = await createTestIssuer();
    const list = createRevocationList({ retentionSeconds: 330 });
    const { jwksUri, revocations } = issuer;
    const follower = followRevocations(list, { issuer: issuer.issuer, jwksUri, ...revocations });
    await list.ready();
    expect(issuer.keySetRequests).toBe(1);
    const { kid } = issuer.signingKey;
    await issuer.rotate();
    issuer.revoke({ kind: 'key', id: kid, reason: 'key_revoked' });
    issuer.revoke({ kind: 'session', id: 'session-1', reason: 'sign_out' });
    await eventually('the list has both revocations', () => expect(list.size).toBe(2));
    // Once for the event that the new key signed, once because a key was revoked, and once more a second later.
    await eventually('the keys were asked for as often as the feed says', () =>
      expect(issuer?.keySetRequests).toBeGreaterThanOrEqual(3),
    );
    follower.close();
    await eventually('the feed is left', () => expect(issuer?.feedConnections).toBe(0));
    expect(follower.refusedEvents).toBe(0);
  });
});
