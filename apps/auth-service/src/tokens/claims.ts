import type { ActorClaim } from '@latchkey/auth-client';
import { audienceOf, audienceOfServiceScopes } from '../permissions/resource-servers.ts';

/** How the person proved who they are (RFC 9068 §2.2.1, `acr`): by user name and password. */
const ACR_PASSWORD = 'urn:latchkey:acr:password';

/** What an access token says, but for what every one has: iss, jti, iat, exp. */
export type TokenClaims = {
  readonly sub: string;
  readonly aud: readonly string[];
  readonly client_id: string;
  readonly scope?: string;
  readonly sid?: string;
  readonly auth_time?: number;
  readonly acr?: string;
  readonly act?: ActorClaim;
};

/** A person's own token, of one of their sessions. `authTime`: when they last proved who they are, in seconds. */
export function personClaims(
  grant: {
    readonly subject: string;
    readonly clientId: string;
    readonly sessionId: string;
    readonly authTime: number;
  },
  scopes: readonly string[],
): TokenClaims {
  return {
    sub: grant.subject,
    aud: audienceOf(scopes),
    client_id: grant.clientId,
    ...scopeClaim(scopes),
    sid: grant.sessionId,
    auth_time: grant.authTime,
    acr: ACR_PASSWORD,
  };
}

/** A service's token in its own name (RFC 9068 §2.2: `sub` is the client). There is no person, and so no session. */
export function serviceClaims(clientId: string, scopes: readonly string[]): TokenClaims {
  return {
    sub: clientId,
    aud: audienceOfServiceScopes(scopes),
    client_id: clientId,
    ...scopeClaim(scopes),
  };
}

/**
 * A token by which `actors`, the latest first, act for a person at one service (RFC 8693 §4.1). Who the person is and
 * how they signed in is as in the token that was exchanged.
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
  },
): TokenClaims {
  const { actors, audience, scopes } = delegated;
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
  };
}

/** RFC 8693 §4.1: the latest actor outermost. */
function actorClaim([sub, ...earlier]: readonly string[]): ActorClaim | undefined {
  if (sub === undefined) return undefined;
  const act = actorClaim(earlier);
  return act === undefined ? { sub } : { sub, act };
}

/** RFC 6749 §3.3 knows no empty scope: a token without scopes has no such claim. */
function scopeClaim(scopes: readonly string[]): { scope?: string } {
  return scopes.length === 0 ? {} : { scope: scopes.join(' ') };
}
