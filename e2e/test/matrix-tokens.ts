import { setTimeout as delay } from 'node:timers/promises';
import { createServiceIdentity } from '@latchkey/auth-client';
import type { TokenClaims } from '@latchkey/auth-service/testing';
import type { Stack } from '@latchkey/dev-stack';
import { send } from '@latchkey/person';
import pg from 'pg';

export type Caller = Awaited<ReturnType<typeof joinAsService>>;

/**
 * Joins a service of the stack as another replica. It publishes its own key through the service's database, so
 * auth-service treats it as the service.
 */
export async function joinAsService(stack: Stack, service: 'payment' | 'wishlist') {
  const clientId = stack.services[service].audience;
  const identity = createServiceIdentity({
    clientId,
    store: {
      put: async ({ kid, jwk, expiresAt }) => {
        const database = new pg.Client({ connectionString: stack.postgres.url(service) });
        await database.connect();
        const text = `insert into service_keys (kid, jwk, expires_at) values ($1, $2, $3)
                      on conflict (kid) do update set expires_at = excluded.expires_at`;
        await database.query(text, [kid, jwk, new Date(expiresAt)]).finally(() => database.end());
      },
      list: async () => [],
    },
  });
  await identity.ready();

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
    const form = {
      ...parameters,
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await identity.assertion(stack.issuer),
    };
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
