import { describe, expect, it } from 'vitest';
import { beginVisit, endVisit, withoutOutcome } from '../../../page/traffic/visit.ts';

const page = 'http://localhost:3000/';
const answer = `${page}?code=0-secret&state=s3cret&iss=http%3A%2F%2Flocalhost%3A4000`;
const outcome = `${page}?identity=linked&provider=example-id`;

/** The storage of a tab that has left. */
function leftTab(kind: 'sign_in' | 'link' = 'sign_in') {
  const kept = new Map<string, string>();
  const storage = () => ({
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  const url = 'http://localhost:3002/auth?client_id=latchkey&state=s3cret&nonce=n&code_challenge=c';
  beginVisit({ kind, provider: 'example-id', url }, storage);
  return { storage, kept };
}

describe('a visit', () => {
  it('ends at an address with the answer, and keeps no secret of either address', () => {
    const { storage, kept } = leftTab();
    expect([...kept.values()].join()).not.toContain('s3cret');
    expect(endVisit(answer, storage)).toMatchObject({
      ...{ kind: 'sign_in', provider: 'example-id', outcome: null },
      url: 'http://localhost:3002/auth?client_id=latchkey&state=$STATE&nonce=$NONCE&code_challenge=$CODE_CHALLENGE',
      back: '/?code=$CODE&state=$STATE&iss=http%3A%2F%2Flocalhost%3A4000',
    });
    expect(endVisit(outcome, leftTab('link').storage)).toMatchObject({ outcome: 'linked' });
  });

  it('ends once, and not at an address without an answer', () => {
    const { storage } = leftTab();
    expect(endVisit(page, storage)).toBeNull();
    expect(endVisit(answer, storage)).toBeNull();
    expect(endVisit(outcome, leftTab('sign_in').storage)).toBeNull();
  });

  it('was not begun in this tab, or the browser stores nothing: then nobody believes the address', () => {
    const blocked = () => {
      throw new Error('The operation is insecure.');
    };
    beginVisit({ kind: 'link', provider: 'example-id', url: page }, blocked);
    expect(endVisit(outcome, blocked)).toBeNull();
  });
});

it('an address is shown without the outcome of a link, and otherwise as it is', () => {
  expect(withoutOutcome(`${outcome}&tab=cart#x`)).toBe(`${page}?tab=cart#x`);
  expect(withoutOutcome(answer)).toBe(answer);
});
