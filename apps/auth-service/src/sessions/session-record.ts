import type { ListedSession, SessionGrant } from './session.ts';

/** What a new session is made from, besides its grant. */
export type DeviceFacts = { readonly deviceName: string; readonly address: string };

/**
 * The record's fields. Names and values are short, and a session stays one small listpack: Redis keeps a hash compact
 * while each value has at most 64 bytes.
 */
export function recordOf(
  grant: SessionGrant,
  session: DeviceFacts,
  at: { now: number; generation: number; kid: string },
): (string | number)[] {
  const record = {
    state: 'active',
    gen: at.generation,
    at: at.now,
    replays: 0,
    kid: at.kid,
    exp: grant.expiresAt,
    sub: grant.subject,
    client: grant.clientId,
    roles: grant.roles.join(' '),
    ...(grant.scopes === undefined ? {} : { scope: grant.scopes.join(' ') }),
    auth: grant.authTime,
    device: session.deviceName,
    addr: session.address,
    created: at.now,
  };
  return Object.entries(record).flat();
}

/** The fields that grantFrom reads; the scripts answer with the same ones. */
export const GRANT_FIELDS = ['sub', 'client', 'roles', 'scope', 'auth', 'exp'] as const;

/** The grant, from the fields named GRANT_FIELDS in their order. Throws when there is no owner: no record of ours. */
export function grantFrom(sessionId: string, values: readonly (string | null)[]): SessionGrant {
  const [subject, clientId, roles, scope, authTime, expiresAt] = values;
  if (subject == null || clientId == null || roles == null)
    throw new Error(`session ${sessionId} has no owner`);
  return {
    sessionId,
    subject,
    clientId,
    roles: roles === '' ? [] : roles.split(' '),
    scopes: scope == null ? undefined : scope.split(' '),
    authTime: Number(authTime),
    expiresAt: Number(expiresAt),
  };
}

/** The fields that listedFrom reads. */
export const LISTED_FIELDS = ['state', 'client', 'device', 'addr', 'created', 'at', 'exp'] as const;

/** A session for its owner's list; undefined when it has ended. */
export function listedFrom(id: string, values: readonly (string | null)[]): ListedSession | undefined {
  const [state, clientId, deviceName, address, createdAt, lastUsedAt, expiresAt] = values;
  if (state !== 'active') return undefined;
  return {
    id,
    clientId: clientId ?? '',
    deviceName: deviceName ?? '',
    address: address ?? '',
    createdAt: Number(createdAt),
    lastUsedAt: Number(lastUsedAt),
    expiresAt: Number(expiresAt),
  };
}
