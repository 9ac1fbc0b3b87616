import type { Authentication } from '@latchkey/auth-client';
import { expect, test } from 'vitest';
import type { ServiceClient } from '../../src/clients/clients.ts';
import { createIntrospection, type IntrospectionParts } from '../../src/oauth/introspection.ts';
import type { SessionGrant } from '../../src/sessions/session.ts';

const service: ServiceClient = {
  ...{ id: 'cart-service', name: 'cart-service', kind: 'service', jwksUri: 'http://cart' },
  isBoundOnly: false,
};
const token = {
  isService: false,
  subject: 'mina',
  sessionId: '0-abc',
  clientId: 'storefront',
  issuedAt: 1000,
} as unknown as Authentication;

const grantOf = (issuedFrom: number) => ({ issuedFrom, readAt: 1_000_000 }) as SessionGrant;

/** Introspects a valid token. `known` changes one fact about it. */
function introspect(known: { isComplete?: boolean; isRevoked?: boolean; issuedFrom?: number | 'ended' }) {
  const { isComplete = true, isRevoked = false, issuedFrom = 0 } = known;
  const parts: IntrospectionParts = {
    isComplete: () => isComplete,
    clientStatuses: { isRevoked: () => isRevoked },
    sessions: { find: async () => (issuedFrom === 'ended' ? undefined : grantOf(issuedFrom)) },
    subjectTokens: { verify: async () => token, verifyFor: async () => token, close: async () => {} },
  };
  return createIntrospection(parts)(service, 'a token');
}

test('no answer is given while the revocations are not completely known', async () => {
  await expect(introspect({ isComplete: false })).rejects.toMatchObject({
    status: 503,
    code: 'revocations_stale',
    headers: { 'retry-after': '1' },
  });
});

test.each([
  ['nothing speaks against it', {}, true],
  ['its client was switched off, whatever the feed has told so far', { isRevoked: true }, false],
  ['its session has ended', { issuedFrom: 'ended' as const }, false],
  ['its session has changed since, whatever the feed has told so far', { issuedFrom: 1001 }, false],
  ['it is from just after its session changed', { issuedFrom: 1000 }, true],
])('%s', async (_what, known, isActive) => {
  expect((await introspect(known)) !== undefined).toBe(isActive);
});
