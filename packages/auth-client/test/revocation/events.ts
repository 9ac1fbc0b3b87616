import { randomUUID } from 'node:crypto';
import type { Revocation } from '../../src/index.ts';
import type { SigningKey } from '../../src/testing/index.ts';

export const issuer = 'https://issuer.example';
export const epoch = '5f3a';
export const types = {
  sessionRevoked: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  revocations: 'urn:latchkey:event:revocations',
  snapshot: 'urn:latchkey:event:snapshot',
  heartbeat: 'urn:latchkey:event:heartbeat',
};

export type Changes = {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
};

type Position = readonly string[];

/** The position of one shard after this many entries. */
export const at = (sequence: number, of = epoch): Position => [`${of}-${sequence}`];

export const session = (id: string, reason = 'sign_out'): Revocation => ({ kind: 'session', id, reason });

/** This many distinct sessions. */
export const sessions = (count: number, from = 0): Revocation[] =>
  Array.from({ length: count }, (_, n) => session(`session-${from + n}`));

/** A SET with these claims. It is valid unless the changes make it invalid. */
export function set(key: SigningKey, claims: Record<string, unknown>, changes: Changes = {}): string {
  const iat = Math.floor(Date.now() / 1000);
  return key.sign(
    { alg: 'RS256', typ: 'secevent+jwt', kid: key.kid, ...changes.header },
    { iss: issuer, aud: 'urn:latchkey:revocations', iat, jti: randomUUID(), ...claims, ...changes.claims },
  );
}

/** The claims of each kind of event. */
export const claimsOf = {
  batch: (from: number, revocations: readonly Revocation[], of = epoch): Record<string, unknown> => ({
    after: at(from, of),
    up_to: at(from + revocations.length, of),
    events: { [types.revocations]: { revocations } },
  }),
  session: (from: number, id: string, reason = 'sign_out'): Record<string, unknown> => ({
    after: at(from),
    up_to: at(from + 1),
    events: { [types.sessionRevoked]: { event_timestamp: 1_700_000_000, reason_admin: { en: reason } } },
    sub_id: { format: 'complex', session: { format: 'opaque', id } },
  }),
  snapshot: (
    from: number,
    revocations: readonly Revocation[],
    { done = true, of = epoch }: { done?: boolean; of?: string } = {},
  ): Record<string, unknown> => ({
    after: at(from, of),
    up_to: at(from + revocations.length, of),
    events: { [types.snapshot]: { revocations, done } },
  }),
  heartbeat: (head: number, of = epoch): Record<string, unknown> => ({
    after: at(head, of),
    up_to: at(head, of),
    events: { [types.heartbeat]: {} },
  }),
};
