import type { ActorClaim } from '@latchkey/auth-client';
import { audienceOf, audienceOfServiceScopes } from '../permissions/resource-servers.ts';
import { furthestAheadSeconds } from './issued-from.ts';

/** How the person authenticated (RFC 9068 §2.2.1, `acr`): with user name and password. */
export const acrPassword = 'urn:latchkey:acr:password';
/** With an account at another provider. How they authenticated there, we do not know. */
export const acrProvider = 'urn:latchkey:acr:provider';

/** The `auth_time` of somebody of whom it is not known: 1 s after 1970, so that it never counts as recent. */
export const unknownAuthTime = 1;

/**
 * The time of an authentication, or of a return from a provider, that was stored: one in the future comes from a clock
 * that was ahead. When it really was is unknown, so it never counts as recent. Both arguments in seconds since 1970.
 *
 * @example provenTime(1_700_003_600, 1_700_000_000); // unknownAuthTime
 */
export function provenTime(storedTime: number, now: number): number {
  return storedTime - now <= furthestAheadSeconds ? storedTime : unknownAuthTime;
}

export type Acr = typeof acrPassword | typeof acrProvider;

/** The claims of an access token, without iss, jti, iat and exp, which the issuer adds. */
export type TokenClaims = {
  readonly sub: string;
  readonly aud: readonly string[];
  readonly client_id: string;
  readonly scope?: string;
  readonly sid?: string;
  readonly auth_time?: number;
  readonly acr?: string;
  readonly act?: ActorClaim;
  readonly cnf?: { readonly jkt: string };
};

/**
 * The claims of a person's own token, for one session. `authTime`: when they last authenticated, in seconds. An
 * application of others gets another audience than our own clients: audienceOfApplication.
 */
export function personClaims(
  grant: {
    readonly subject: string;
    readonly clientId: string;
    readonly sessionId: string;
    readonly authTime: number;
    readonly acr: Acr;
    /** The thumbprint of the client's key. */
    readonly boundTo?: string | undefined;
  },
  scopes: readonly string[],
  audience: readonly string[] = audienceOf(scopes),
): TokenClaims {
  return {
    sub: grant.subject,
    aud: audience,
    client_id: grant.clientId,
    ...scopeClaim(scopes),
    sid: grant.sessionId,
    auth_time: grant.authTime,
    acr: grant.acr,
    ...confirmation(grant.boundTo),
  };
}

/** The claims of a service's own token (RFC 9068 §2.2: `sub` is the client). It has no person and no session. */
export function serviceClaims(
  clientId: string,
  scopes: readonly string[],
  boundTo?: string | undefined,
): TokenClaims {
  return {
    sub: clientId,
    aud: audienceOfServiceScopes(scopes),
    client_id: clientId,
    ...scopeClaim(scopes),
    ...confirmation(boundTo),
  };
}

/**
 * The claims of a token with which `actors`, the most recent first, act for a person at one service (RFC 8693 §4.1).
 * The person and their sign-in are those of the exchanged token.
 */
export function delegatedClaims(
  person: {
    readonly sub: string;
    readonly sid: string;
    readonly authTime: number;
    readonly acr: string | undefined;
  },
  delegated: {
    readonly actors: readonly string[];
    readonly audience: string;
    readonly scopes: readonly string[];
    /** The thumbprint of the acting service's key. */
    readonly boundTo?: string | undefined;
  },
): TokenClaims {
  const { actors, audience, scopes, boundTo } = delegated;
  const [actor] = actors;
  const act = actorClaim(actors);
  if (actor === undefined || act === undefined) throw new TypeError('A delegated token has an actor.');
  return {
    sub: person.sub,
    aud: [audience],
    client_id: actor,
    ...scopeClaim(scopes),
    sid: person.sid,
    auth_time: person.authTime,
    ...(person.acr === undefined ? {} : { acr: person.acr }),
    act,
    ...confirmation(boundTo),
  };
}

/** RFC 9449 §6.1. */
function confirmation(boundTo: string | undefined): Pick<TokenClaims, 'cnf'> {
  return boundTo === undefined ? {} : { cnf: { jkt: boundTo } };
}

/** RFC 8693 §4.1: the most recent actor is outermost. */
function actorClaim([sub, ...earlier]: readonly string[]): ActorClaim | undefined {
  if (sub === undefined) return undefined;
  const act = actorClaim(earlier);
  return act === undefined ? { sub } : { sub, act };
}

/** RFC 6749 §3.3 does not allow an empty scope, so a token without scopes has no such claim. */
function scopeClaim(scopes: readonly string[]): { scope?: string } {
  return scopes.length === 0 ? {} : { scope: scopes.join(' ') };
}
