import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuthError } from '../errors.ts';
import { createJwtVerifier, type JwtVerifier } from '../jwt/jwt-verifier.ts';
import type { DpopProof } from '../proof/dpop-proof.ts';
import type { ActorClaim, UserTokenClaims } from '../token/access-token.ts';
import { type Mint, ofService } from './mint.ts';
import { openToken } from './open-token.ts';
import type { SigningKey } from './signing-key.ts';

/** The scopes that a service may get toward another. */
export type TestDelegation = {
  /** Passed on if the person's token has them. */
  scopes: readonly string[];
  /** The actor's own scopes, each with the scopes that the person's token must have for it. */
  actorScopes?: Readonly<Record<string, { requires: readonly string[] }>>;
};

/** A service that requests tokens. */
export type TestClient = {
  /** Where it publishes its keys. */
  jwksUri: string;
  /** By audience. Default: every audience, with all scopes of the person's token. */
  toward?: Readonly<Record<string, TestDelegation>>;
  /** The scopes of its own tokens. Default `revocations:read`. */
  ownScopes?: readonly string[];
};

export type TestTokenEndpointOptions = {
  issuer: string;
  clients: ReadonlyMap<string, TestClient>;
  endedSessions: ReadonlySet<string>;
  publishedKeys(): readonly SigningKey[];
  mint: Mint;
  /** Checks the proof that came with a request (RFC 9449 §5), if any. @throws AuthError */
  provenBy(request: IncomingMessage): Promise<DpopProof | undefined>;
  /** Milliseconds since 1970, by the issuer's clock. */
  now(): number;
};

/** A parameter without a value counts as omitted (RFC 6749 §3.2). */
type Form = Readonly<Record<string, string>>;

type AuthenticatedClient = {
  id: string;
  client: TestClient;
  /** The claim and the type of a token that is bound to the key that the client proved; of a bearer token otherwise. */
  binding: { claims: { cnf?: { jkt: string } }; tokenType: 'DPoP' | 'Bearer' };
};

class Refusal extends Error {}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const maxActors = 2;
const maxLifeSeconds = 300;

/**
 * A token endpoint by auth-service's rules. A token is bound to the key of the request's proof, if there is one. The client authenticates with private_key_jwt; each assertion works once.
 * It gets its own tokens (client credentials) and exchanges people's tokens (RFC 8693). The scopes are those that the
 * policy and the person's token share, plus the actor's own. `act` names the chain, at most two actors. The new token
 * lives no longer than the exchanged one.
 */
export function createTestTokenEndpoint(options: TestTokenEndpointOptions) {
  const verifiers = new Map<string, JwtVerifier>();
  const usedAssertions = new Set<string>();

  async function authenticate(form: Form): Promise<Omit<AuthenticatedClient, 'binding'>> {
    const id = form.client_id ?? '';
    const client = options.clients.get(id);
    if (!client) throw new Refusal('invalid_client');
    const key = `${id} ${client.jwksUri}`;
    const verifier =
      verifiers.get(key) ??
      createJwtVerifier({
        jwksUri: client.jwksUri,
        issuer: id,
        audience: options.issuer,
        typ: [null, 'jwt', 'client-authentication+jwt'],
        maxLifetimeSeconds: 60,
        expiryLeewaySeconds: 30,
        cooldownSeconds: 1,
      });
    verifiers.set(key, verifier);
    const claims = await verifier.verify(form.client_assertion ?? '').catch(() => undefined);
    if (!claims || claims.sub !== id || usedAssertions.has(claims.jti)) throw new Refusal('invalid_client');
    usedAssertions.add(claims.jti);
    return { id, client };
  }

  function userOf(token: string, actor: string): UserTokenClaims {
    const checked = openToken(token, { ...options, audience: actor });
    if (checked?.sid === undefined || options.endedSessions.has(checked.sid))
      throw new Refusal('invalid_grant');
    return checked;
  }

  async function grant(form: Form, request: IncomingMessage): Promise<object> {
    const client = await authenticate(form);
    const proof = await options.provenBy(request);
    const authenticated: AuthenticatedClient = {
      ...client,
      binding: proof
        ? { claims: { cnf: { jkt: proof.thumbprint } }, tokenType: 'DPoP' }
        : { claims: {}, tokenType: 'Bearer' },
    };
    switch (form.grant_type) {
      case exchangeGrant:
        return exchange(form, authenticated);
      case 'client_credentials':
        return ownToken(form, authenticated);
      default:
        throw new Refusal('unsupported_grant_type');
    }
  }

  function ownToken(form: Form, { id, client, binding }: AuthenticatedClient): object {
    const allowed = client.ownScopes ?? ['revocations:read'];
    const scopes = form.scope?.split(' ') ?? allowed;
    if (allowed.length === 0) throw new Refusal('unauthorized_client');
    if (!scopes.every((scope) => allowed.includes(scope))) throw new Refusal('invalid_scope');
    const own = ofService(id, scopes);
    const accessToken = options.mint({ ...own, claims: { ...own.claims, ...binding.claims } });
    const scope = scopes.join(' ');
    return { access_token: accessToken, token_type: binding.tokenType, expires_in: maxLifeSeconds, scope };
  }

  function exchange(form: Form, { id, client, binding }: AuthenticatedClient): object {
    const { subject_token: subjectToken, audience } = form;
    if (subjectToken === undefined || audience === undefined) throw new Refusal('invalid_request');
    const types = [form.subject_token_type, form.requested_token_type ?? accessTokenType];
    if (types.some((type) => type !== accessTokenType)) throw new Refusal('invalid_request');
    if (form.actor_token ?? form.actor_token_type ?? form.resource) throw new Refusal('invalid_request');
    const user = userOf(subjectToken, id);
    const act: ActorClaim = user.act ? { sub: id, act: user.act } : { sub: id };
    if (depthOf(act) > maxActors) throw new Refusal('invalid_target');
    const scopes = grantedScopes(form, { user, delegation: delegationOf(client, { audience, user }) });
    const iat = Math.floor(options.now() / 1000);
    const exp = Math.min(iat + maxLifeSeconds, user.exp);
    const accessToken = options.mint({
      audience,
      subject: user.sub,
      sessionId: user.sid,
      clientId: id,
      scope: scopes,
      claims: {
        ...{ iat, exp, auth_time: user.auth_time, act },
        ...(user.acr !== undefined && { acr: user.acr }),
        ...binding.claims,
      },
    });
    return {
      access_token: accessToken,
      issued_token_type: accessTokenType,
      token_type: binding.tokenType,
      expires_in: exp - iat,
      scope: scopes.join(' '),
    };
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const given = [...new URLSearchParams(body)].filter(([, value]) => value !== '');
    const answer = await grant(Object.fromEntries(given), request).then(
      (token) => ({ status: 200, headers: {}, body: token }),
      (error: unknown) => {
        if (error instanceof AuthError)
          return { status: 400, headers: error.headers, body: { error: error.code } };
        if (!(error instanceof Refusal)) throw error;
        const status = error.message === 'invalid_client' ? 401 : 400;
        return { status, headers: {}, body: { error: error.message } };
      },
    );
    response.writeHead(answer.status, {
      ...answer.headers,
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    response.end(JSON.stringify(answer.body));
  };
}

function delegationOf(
  { toward }: TestClient,
  { audience, user }: { audience: string; user: UserTokenClaims },
): TestDelegation {
  if (!toward) return { scopes: scopesOf(user) };
  const delegation = Object.hasOwn(toward, audience) ? toward[audience] : undefined;
  if (!delegation) throw new Refusal('invalid_target');
  return delegation;
}

function grantedScopes(
  form: Form,
  { user, delegation }: { user: UserTokenClaims; delegation: TestDelegation },
): string[] {
  const held = scopesOf(user);
  const passedOn = delegation.scopes.filter((scope) => held.includes(scope));
  const own = Object.entries(delegation.actorScopes ?? {}).flatMap(([scope, { requires }]) =>
    requires.every((needed) => held.includes(needed)) ? [scope] : [],
  );
  const allowed = [...passedOn, ...own];
  const asked = form.scope?.split(' ') ?? allowed;
  if (asked.length === 0 || !asked.every((scope) => allowed.includes(scope)))
    throw new Refusal('invalid_scope');
  return asked;
}

function scopesOf({ scope = '' }: UserTokenClaims): string[] {
  return scope.split(' ').filter((one) => one !== '');
}

function depthOf({ act }: ActorClaim): number {
  return 1 + (act ? depthOf(act) : 0);
}
