import type { AccessTokenClaims, ActorClaim } from './access-token.ts';
import { scopesOf } from './scope.ts';

/** Who acts for the subject; `actor` is who acted before. */
export interface Actor {
  readonly subject: string;
  readonly actor?: Actor;
}

/** What a verified access token says: `request.auth`. Frozen, and shared by all requests that present the token. */
export interface Authentication {
  /** The user (`sub`), an opaque id. */
  readonly subject: string;
  /** The sign-in that the token stems from (`sid`). */
  readonly sessionId: string;
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
  /** `jti` */
  readonly tokenId: string;
  /** All services that the token is for, this one among them. */
  readonly audience: readonly string[];
  /** Seconds since 1970, as are the two below. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** When the user last proved who they are. */
  readonly authTime: number;
  /** How: the authentication context class (`acr`), if the issuer says. */
  readonly acr: string | undefined;
  /** Present in an exchanged token: the service that acts on the user's behalf. */
  readonly actor?: Actor;
  /** All claims as they were signed. */
  readonly claims: AccessTokenClaims;
}

/** Turns checked claims into request.auth. */
export function authenticationOf(claims: AccessTokenClaims): Authentication {
  return Object.freeze({
    subject: claims.sub,
    sessionId: claims.sid,
    clientId: claims.client_id,
    scopes: scopesOf(claims.scope ?? ''),
    tokenId: claims.jti,
    audience: Object.freeze(typeof claims.aud === 'string' ? [claims.aud] : claims.aud),
    issuedAt: claims.iat,
    expiresAt: claims.exp,
    authTime: claims.auth_time,
    acr: claims.acr,
    ...(claims.act && { actor: actorOf(claims.act) }),
    claims: freezeDeep(claims),
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
