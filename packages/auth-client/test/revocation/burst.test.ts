import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createRevocationList,
  followRevocations,
  type Revocation,
  type RevocationList,
} from '../../src/index.ts';
import {
  createSigningKey,
  createTestIssuer,
  type SigningKey,
  type TestIssuer,
} from '../../src/testing/index.ts';

import { startLine } from './line.ts';

let signingKey: SigningKey;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  signingKey = await createSigningKey();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ signingKey });
  closing.push(() => issuer.close());
  return issuer;
}

function follow(issuer: TestIssuer, uri = issuer.revocations.uri): RevocationList {
  const list = createRevocationList({ retentionSeconds: 330 });
  const { accessToken } = issuer.revocations;
  const follower = followRevocations(list, {
    issuer: issuer.issuer,
    jwksUri: issuer.jwksUri,
    uri,
    accessToken,
  });
  closing.push(() => follower.close());
  return list;
}

/** Cycles through every kind but `all`. No two revocations concern the same thing. */
function revocation(n: number): Revocation {
  const reason = 'sign_out';
  const id = `id-${n}`;
  switch (n % 10) {
    case 0:
      return { kind: 'token', id, reason };
    case 1:
      return { kind: 'subject', id, before: 1000 + n, reason };
    case 2:
      return { kind: 'client', id, before: 1000 + n, reason };
    default:
      return { kind: 'session', id, reason };
  }
}

/** Whether the list is right about a token that this revocation concerns and about tokens that it does not. */
function isTruth(list: RevocationList, given: Revocation): boolean {
  const nobody = { sessionId: 's', tokenId: 't', subject: 'u', clientId: 'c', issuedAt: 1, keyId: 'k' };
  if (given.kind === 'all') return false;
  const name = {
    session: 'sessionId',
    token: 'tokenId',
    subject: 'subject',
    client: 'clientId',
    key: 'keyId',
  } as const;
  const concerned = { ...nobody, [name[given.kind]]: given.id };
  const isDead = list.find(concerned) === given.reason;
  const later = 'before' in given ? list.find({ ...concerned, issuedAt: given.before }) : undefined;
  return isDead && later === undefined && list.find(nobody) === undefined;
}

const truth = (count: number): Revocation[] => Array.from({ length: count }, (_, n) => revocation(n));

/** The revocations that the list lacks or has wrongly. */
const missing = (list: RevocationList, given: readonly Revocation[]): Revocation[] =>
  given.filter((one) => !isTruth(list, one));

describe('10,000 revocations in a burst', () => {
  it('one by one, and all at once: none is missed by any of three subscribers', async () => {
    const issuer = await start();
    const lists = [follow(issuer), follow(issuer)];
    await Promise.all(lists.map((list) => list.ready()));
    const all = truth(10_000);
    for (const one of all.slice(0, 1000)) issuer.revoke(one);
    issuer.revoke(...all.slice(1000));
    lists.push(follow(issuer));
    for (const list of lists)
      await eventually('the list has all revocations', () => expect(list.size).toBe(10_000));
    for (const list of lists) expect(missing(list, all)).toEqual([]);
  });

  it('while the connection breaks again and again: none is missed, and nothing else is held', async () => {
    const issuer = await start();
    const line = await startLine(issuer.revocations.uri);
    closing.push(() => line.close());
    const list = follow(issuer, `${line.url}/revocations`);
    await list.ready();
    const all = truth(10_000);
    let told = 0;
    for (let round = 0; told < all.length; round += 1) {
      // Sizes that exceed one event or one packet.
      const size = 1 + ((round * 7919) % 1300);
      issuer.revoke(...all.slice(told, told + size));
      told += size;
      if (round % 3 === 1) {
        await sleep(round % 2 ? 0 : 30);
        await line.cut();
        await line.mend();
      }
      await sleep(20);
    }
    await eventually('the list has all revocations', () => expect(list.size).toBe(10_000));
    expect(missing(list, all)).toEqual([]);
  });
});
