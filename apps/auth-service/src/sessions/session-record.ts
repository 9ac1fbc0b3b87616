import { networkOf } from '../accounts/network.ts';
import { elsewhereFields, elsewhereFrom } from './elsewhere.ts';
import type { ListedSession, SessionGrant } from './session.ts';

/**
 * A session in Redis is one small hash. Redis stores it as a listpack while no value has more than 64 bytes. Redis
 * allocates memory in size classes, and this record fits the 192-byte one: so field names are one letter, and of an
 * IPv6 address only the network is kept. The scripts use these names:
 *
 * s state: active, revoked or reused · g current generation · t when it was reached (ms) · r replays of the previous
 * generation · k kid of the MAC key that signed it · x absolute expiry (ms) · u subject (user) · c client · l roles ·
 * o scopes, if the sign-in asked for fewer than the roles allow · a when the person last authenticated (s) ·
 * d device name · i address · b when it was created (s) · v version of the roles · n issuedFrom (s), if there is one ·
 * w why it ended, if it has · for somebody who signed in elsewhere: m provider, q session there,
 * y when they returned (s) · j thumbprint of the key that the session is bound to · f when its token was last presented
 * without that key (s), if it was
 */

/** The fields that refresh-session.lua returns, in this order. */
export const grantFields = ['u', 'c', 'l', 'o', 'a', 'x', 'n', 'm', 'q', 'y', 'j'] as const;

/** The fields that a list of devices is made from. */
export const listedFields = ['s', 'c', 'd', 'i', 'b', 't', 'x', 'j', 'f'] as const;

/** The fields and values of a new session. */
export function recordOf(
  grant: Omit<SessionGrant, 'issuedFrom'>,
  start: {
    generation: number;
    kid: string;
    rolesVersion: number;
    deviceName: string;
    address: string;
  },
): (string | number)[] {
  const record = {
    s: 'active',
    g: start.generation,
    t: grant.readAt,
    r: 0,
    k: start.kid,
    x: grant.expiresAt,
    u: grant.subject,
    c: grant.clientId,
    l: grant.roles.join(' '),
    v: start.rolesVersion,
    ...(grant.scopes === undefined ? {} : { o: grant.scopes.join(' ') }),
    a: grant.authTime,
    d: start.deviceName,
    i: networkOf(start.address),
    b: Math.floor(grant.readAt / 1000),
    ...elsewhereFields(grant.elsewhere, ['m', 'q', 'y']),
    ...(grant.boundTo === undefined ? {} : { j: grant.boundTo }),
  };
  return Object.entries(record).flat();
}

/** Reads the values of `grantFields`. `readAt`: our time before they were requested. */
export function grantFrom(
  sessionId: string,
  values: readonly (string | null)[],
  readAt: number,
): SessionGrant {
  const [subject, clientId, roles, scope, authTime, expiresAt, issuedFrom, ...more] = values;
  const [provider, sid, returnedAt, boundTo] = more;
  if (subject == null || clientId == null || roles == null)
    throw new Error(`session ${sessionId} has no owner`);
  return {
    sessionId,
    subject,
    clientId,
    roles: roles === '' ? [] : roles.split(' '),
    scopes: scope == null ? undefined : scope.split(' '),
    authTime: Number(authTime),
    elsewhere: elsewhereFrom(provider, sid, returnedAt),
    boundTo: boundTo ?? undefined,
    expiresAt: Number(expiresAt),
    issuedFrom: Number(issuedFrom ?? 0),
    readAt,
  };
}

/** Reads the values of `listedFields`; undefined for a session that has ended or is gone. */
export function listedFrom(id: string, values: readonly (string | null)[]): ListedSession | undefined {
  const [state, clientId, deviceName, address, createdAtSeconds, lastUsedAt, expiresAt, ...more] = values;
  const [boundTo, foreignKeyAt] = more;
  if (state !== 'active') return undefined;
  return {
    id,
    clientId: clientId ?? '',
    deviceName: deviceName ?? '',
    address: address ?? '',
    createdAt: Number(createdAtSeconds) * 1000,
    lastUsedAt: Number(lastUsedAt),
    expiresAt: Number(expiresAt),
    isBound: boundTo != null,
    foreignKeyAt: foreignKeyAt == null ? undefined : Number(foreignKeyAt) * 1000,
  };
}
