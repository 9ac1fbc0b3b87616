import { eventually } from '@latchkey/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createRevocationList,
  followRevocations,
  type Revocation,
  type RevocationList,
} from '../../src/index.ts';
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from '../../src/testing/index.ts';

// The test issuer must behave like auth-service, or tests made with it prove nothing.

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options?: TestIssuerOptions): Promise<TestIssuer> {
  const issuer = await createTestIssuer(options);
  closing.push(() => issuer.close());
  return issuer;
}

function follow({ issuer, jwksUri, revocations }: TestIssuer): RevocationList {
  const list = createRevocationList({ retentionSeconds: 330 });
  const follower = followRevocations(list, { issuer, jwksUri, ...revocations });
  closing.push(() => follower.close());
  return list;
}

const session = (id: string): Revocation => ({ kind: 'session', id, reason: 'sign_out' });
const sessions = (count: number): Revocation[] => Array.from({ length: count }, (_, n) => session(`s${n}`));

describe('the feed of a test issuer', () => {
  it('sends each subscriber a snapshot, and later revocations', async () => {
    const issuer = await start();
    issuer.revoke(...sessions(1200));
    const list = follow(issuer);
    await list.ready();
    expect(list.size).toBe(1200);
    expect(issuer.feedConnections).toBe(1);
    issuer.revoke(session('one'));
    issuer.revoke(session('two'), { kind: 'subject', id: 'user-1', before: 1, reason: 'roles_changed' });
    await eventually('the list has all revocations', () => expect(list.size).toBe(1203));
  });

  it('is empty at first, and its heartbeats say so', async () => {
    const issuer = await start({ heartbeatMs: 20 });
    const list = follow(issuer);
    await list.ready();
    let confirmations = 0;
    list.confirm = () => {
      confirmations += 1;
    };
    await eventually('the feed was confirmed several times', () => expect(confirmations).toBeGreaterThan(3));
    expect(list.size).toBe(0);
  });

  it('goes on at the position of a subscriber that comes back', async () => {
    const issuer = await start();
    const list = follow(issuer);
    await list.ready();
    const heard: Revocation[] = [];
    list.apply = (revocations) => heard.push(...revocations);
    issuer.revoke(...sessions(3));
    await eventually('all three have arrived', () => expect(heard.length).toBe(3));
    issuer.cutFeed();
    expect(issuer.feedConnections).toBe(0);
    issuer.revoke(session('meanwhile'));
    issuer.restoreFeed();
    await eventually('the fourth has arrived', () => expect(heard.length).toBe(4));
    expect(heard.at(-1)).toEqual(session('meanwhile'));
  });

  it('is signed by the key that signs now', async () => {
    const issuer = await start();
    const list = follow(issuer);
    await list.ready();
    await issuer.rotate({ keepOld: false });
    issuer.revoke(session('one'));
    await eventually('the list has the one revocation', () => expect(list.size).toBe(1));
  });

  it.each<[string, (issuer: TestIssuer) => string | undefined]>([
    ['no token', () => undefined],
    ['a forged token', (issuer) => `${issuer.mint().slice(0, -10)}AAAAAAAAAA`],
    ['a token without the scope', (issuer) => issuer.mint({ audience: 'auth-service' })],
    ['a token for another audience', (issuer) => issuer.mint({ scope: 'revocations:read' })],
    ['an expired token', (issuer) => issuer.expired({ audience: 'auth-service', scope: 'revocations:read' })],
  ])('is closed to %s', async (_name, tokenOf) => {
    const issuer = await start();
    const token = tokenOf(issuer);
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    expect((await fetch(issuer.revocations.uri, { headers })).status).toBe(401);
  });

  it('takes the keys and the sessions that it revokes out of use', async () => {
    const issuer = await start();
    const { kid: old } = issuer.signingKey;
    await issuer.rotate();
    issuer.revoke({ kind: 'key', id: old, reason: 'key_revoked' });
    const { keys } = (await (await fetch(issuer.jwksUri)).json()) as { keys: { kid: string }[] };
    expect(keys.map(({ kid }) => kid)).toEqual([issuer.signingKey.kid]);
  });
});
