import { setTimeout as delay } from 'node:timers/promises';
import { createServiceIdentity, type ServiceIdentity } from '@latchkey/auth-client';
import type { TokenClaims } from '@latchkey/auth-service/testing';
import type { Stack } from '@latchkey/dev-stack';
import { send } from '@latchkey/person';
import pg from 'pg';

export type Caller = Awaited<ReturnType<typeof joinAsService>>;

/** The identity of another replica of a service: its own key, published through the service's database. */
export async function joinIdentity(clientId: string, databaseUrl: string): Promise<ServiceIdentity> {
  const identity = createServiceIdentity({
    clientId,
    store: {
      put: async ({ kid, jwk, expiresAt }) => {
        const database = new pg.Client({ connectionString: databaseUrl });
        await database.connect();
        const text = `insert into service_keys (kid, jwk, expires_at) values ($1, $2, $3)
                      on conflict (kid) do update set expires_at = excluded.expires_at`;
        await database.query(text, [kid, jwk, new Date(expiresAt)]).finally(() => database.end());
      },
      list: async () => [],
    },
  });
  await identity.ready();
  return identity;
}

/** The parameters by which a service authenticates to auth-service, once (RFC 7523 §2.2). */
export async function credentialsOf(
  identity: ServiceIdentity,
  issuer: string,
): Promise<Record<string, string>> {
  return {
    client_id: identity.clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await identity.assertion(issuer),
  };
}

/** Joins a service of the stack as another replica, which auth-service treats as the service. */
export async function joinAsService(stack: Stack, service: 'payment' | 'wishlist') {
  const identity = await joinIdentity(stack.services[service].audience, stack.postgres.url(service));

  /** Retries, because auth-service looks up an unknown key once a second at most. */
  async function ask(parameters: Record<string, string>): Promise<string> {
    try {
      return await askOnce(parameters);
    } catch (error) {
      if (!(error instanceof Error && error.message.endsWith('invalid_client'))) throw error;
      await delay(1100);
      return askOnce(parameters);
    }
  }

  async function askOnce(parameters: Record<string, string>): Promise<string> {
    const form = { ...parameters, ...(await credentialsOf(identity, stack.issuer)) };
    const { status, body } = await send(stack.services.auth.url, { method: 'POST', path: '/token', form });
    if (status !== 200) throw new Error(`${status} ${String(body['error'])}`);
    return String(body['access_token']);
  }

  return {
    /** A token in the service's own name. */
    own: () => ask({ grant_type: 'client_credentials' }),
    /** A token for cart-service, with every scope that the service may have there. */
    exchange: (subjectToken: string) =>
      ask({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: subjectToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        audience: 'cart-service',
      }),
    close: () => identity.close(),
  };
}

/** A token's claims, without those that are new in every token. */
export function claimsOf(token: string): TokenClaims {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const { iss: _iss, jti: _jti, iat: _iat, exp: _exp, ...claims } = JSON.parse(payload);
  return claims;
}
