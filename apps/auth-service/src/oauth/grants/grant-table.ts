import type { RefreshingParts } from '../../sessions/refreshing.ts';
import { type AuthorizationCodeParts, createAuthorizationCodeGrant } from './authorization-code.ts';
import { type ClientCredentialsParts, createClientCredentialsGrant } from './client-credentials.ts';
import type { Grant } from './grant.ts';
import { createRefreshTokenGrant } from './refresh-token.ts';
import { createTokenExchangeGrant, type TokenExchangeParts } from './token-exchange.ts';

/** Grants by the value of `grant_type`. */
export type GrantTable = ReadonlyMap<string, Grant>;

/** RFC 6749 §4.1, §6 and §4.4, RFC 8693 §2.1. */
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:token-exchange',
] as const;

export type GrantTableParts = AuthorizationCodeParts &
  RefreshingParts &
  ClientCredentialsParts &
  TokenExchangeParts;

/** All grants of POST /token. */
export function createGrantTable(parts: GrantTableParts): GrantTable {
  const grants = {
    authorization_code: createAuthorizationCodeGrant(parts),
    refresh_token: createRefreshTokenGrant(parts),
    client_credentials: createClientCredentialsGrant(parts),
    'urn:ietf:params:oauth:grant-type:token-exchange': createTokenExchangeGrant(parts),
  } satisfies Record<(typeof grantTypes)[number], Grant>;
  return new Map<string, Grant>(Object.entries(grants));
}
