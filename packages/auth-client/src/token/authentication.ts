import type { AccessTokenClaims, ActorClaim, ServiceTokenClaims, UserTokenClaims } from './access-token.ts';
import { scopesOf } from './scope.ts';

/** The actor for the subject; the nested `actor` acted before it. */
export type Actor = {
  readonly subject: string;
  readonly actor?: Actor;
};

type CommonAuthentication = {
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
  /** `jti` */
  readonly tokenId: string;
  /** The issuer's key that signed the token (`kid`). */
  readonly keyId: string;
  /** All services that the token is for, including this one. */
  readonly audience: readonly string[];
  /** Seconds since 1970, as is `expiresAt`. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The authentication context class (`acr`), if the issuer names one. */
  readonly acr: string | undefined;
  /** The thumbprint of the key to which the token is bound (`cnf.jkt`, RFC 9449); undefined for a bearer token. */
  readonly boundTo: string | undefined;
};

/** What a person's token says: `request.auth`. Frozen, and shared by all requests with the same token. */
export interface UserAuthentication extends CommonAuthentication {
  readonly isService: false;
  /** The person (`sub`), an opaque id. */
  readonly subject: string;
  /** The session that the token belongs to (`sid`). */
  readonly sessionId: string;
  /** When the person last authenticated. Seconds since 1970. */
  readonly authTime: number;
  /** Present in an exchanged token: the service that acts on the person's behalf. */
  readonly actor?: Actor;
  /** All claims as they were signed. */
  readonly claims: UserTokenClaims;
}

/** What a service's own token says: no person is involved. */
export interface ServiceAuthentication extends CommonAuthentication {
  readonly isService: true;
  /** The service: the same as `clientId`. */
  readonly subject: string;
  readonly sessionId?: undefined;
  readonly authTime?: undefined;
  readonly actor?: undefined;
  readonly claims: ServiceTokenClaims;
}

/** What a verified access token says: `request.caller`. `isService` tells the two kinds apart. */
export type Authentication = UserAuthentication | ServiceAuthentication;

/** Turns checked claims into an Authentication; `keyId` is the `kid` of the key that signed them. */
export function authenticationOf(claims: AccessTokenClaims, keyId: string): Authentication {
  freezeDeep(claims);
  const common = {
    subject: claims.sub,
    clientId: claims.client_id,
    scopes: scopesOf(claims.scope ?? ''),
    tokenId: claims.jti,
    keyId,
    audience: typeof claims.aud === 'string' ? Object.freeze([claims.aud]) : claims.aud,
    issuedAt: claims.iat,
    expiresAt: claims.exp,
    acr: claims.acr,
    boundTo: claims.cnf?.jkt,
  };
  if (claims.sid === undefined) return Object.freeze({ ...common, isService: true, claims });
  return Object.freeze({
    ...common,
    isService: false,
    sessionId: claims.sid,
    authTime: claims.auth_time,
    ...(claims.act && { actor: actorOf(claims.act) }),
    claims,
  });
}

function actorOf({ sub, act }: ActorClaim): Actor {
  return Object.freeze(act ? { subject: sub, actor: actorOf(act) } : { subject: sub });
}

function freezeDeep<T extends object>(value: T): T {
  for (const member of Object.values(value))
    if (typeof member === 'object' && member !== null) freezeDeep(member);
  return Object.freeze(value);
}
