import { freePort } from '@latchkey/dev-stack/testing';
import { forThisFile } from '@latchkey/testing';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { describe, expect, test } from 'vitest';
import { decode, register, signIn, startAuthApp } from '../support/auth-app.ts';
import { accessTokenType, startServices, tokenExchange } from '../support/services.ts';

const service = 'payment-service';

const issuer = new URL(`http://127.0.0.1:${await freePort()}`);
const services = await forThisFile(startServices([service], issuer.origin));
const auth = await forThisFile(
  startAuthApp({ env: { ISSUER: issuer.origin, SERVICE_JWKS_URIS: services.jwksUris } }),
);
await auth.app.listen({ host: '127.0.0.1', port: Number(issuer.port) });
const key = await webCryptoKey();
const personsToken = (await signIn(auth.app, await register(auth.app))).access_token;

/** The service's private key, in the form that both libraries expect. */
async function webCryptoKey(): Promise<oauth.PrivateKey> {
  const { kid, privateKey } = services.key(service);
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  return { kid, key: await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']) };
}

const exchange = () => ({
  subject_token: personsToken,
  subject_token_type: accessTokenType,
  audience: 'cart-service',
  scope: 'cart:read cart:checkout',
});

function expectExchanged(token: string): void {
  expect(decode(token).claims).toMatchObject({
    sub: decode(personsToken).claims['sub'],
    aud: ['cart-service'],
    client_id: service,
    scope: 'cart:read cart:checkout',
    act: { sub: service },
  });
}

describe('oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const client: oauth.Client = { client_id: service };

  async function discover(): Promise<oauth.AuthorizationServer> {
    const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
    return oauth.processDiscoveryResponse(issuer, answer);
  }

  test('finds the server by its metadata, which offers the requests that follow', async () => {
    expect(await discover()).toMatchObject({
      token_endpoint: `${issuer.origin}/token`,
      grant_types_supported: expect.arrayContaining(['client_credentials', tokenExchange]),
      token_endpoint_auth_methods_supported: expect.arrayContaining(['private_key_jwt']),
      revocation_endpoint: `${issuer.origin}/revoke`,
      revocation_endpoint_auth_methods_supported: expect.arrayContaining(['none', 'private_key_jwt']),
      introspection_endpoint: `${issuer.origin}/introspect`,
      introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    });
  });

  test('gets a token in the service’s name', async () => {
    const server = await discover();
    const answer = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      oauth.PrivateKeyJwt(key),
      new URLSearchParams({ scope: 'revocations:read' }),
      insecure,
    );
    const { access_token, scope } = await oauth.processClientCredentialsResponse(server, client, answer);
    expect(scope).toBe('revocations:read');
    expect(decode(access_token).claims).toMatchObject({ sub: service, aud: ['auth-service'] });
  });

  test('exchanges a person’s token', async () => {
    const server = await discover();
    const answer = await oauth.genericTokenEndpointRequest(
      server,
      client,
      oauth.PrivateKeyJwt(key),
      tokenExchange,
      exchange(),
      insecure,
    );
    const body = await oauth.processGenericTokenEndpointResponse(server, client, answer);
    expect(body['issued_token_type']).toBe(accessTokenType);
    expectExchanged(body.access_token);
  });

  test('introspects a person’s token, revokes the one that it exchanged, and introspects that', async () => {
    const server = await discover();
    const authentication = oauth.PrivateKeyJwt(key);
    const ask = async (token: string) =>
      oauth.processIntrospectionResponse(
        server,
        client,
        await oauth.introspectionRequest(server, client, authentication, token, insecure),
      );
    expect(await ask(personsToken)).toMatchObject({
      ...decode(personsToken).claims,
      active: true,
      token_type: 'Bearer',
    });

    const own = await oauth.genericTokenEndpointRequest(
      server,
      client,
      authentication,
      tokenExchange,
      exchange(),
      insecure,
    );
    const { access_token } = await oauth.processGenericTokenEndpointResponse(server, client, own);
    const given = await oauth.revocationRequest(server, client, authentication, access_token, insecure);
    expect(await oauth.processRevocationResponse(given)).toBeUndefined();
    expect(await ask(access_token)).toEqual({ active: false });
    expect(await ask('no token of ours')).toEqual({ active: false });
  });

  test('revokes a person’s refresh token, as a public client', async () => {
    const server = await discover();
    const cli: oauth.Client = { client_id: 'latchkey-cli' };
    const tokens = await signIn(auth.app, await register(auth.app));
    const given = await oauth.revocationRequest(server, cli, oauth.None(), tokens.refresh_token, {
      additionalParameters: { token_type_hint: 'refresh_token' },
      ...insecure,
    });
    await oauth.processRevocationResponse(given);
    const refreshed = await oauth.refreshTokenGrantRequest(
      server,
      cli,
      oauth.None(),
      tokens.refresh_token,
      insecure,
    );
    await expect(oauth.processRefreshTokenResponse(server, cli, refreshed)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  test('understands that it may not introspect, and that a token is of no type that can be revoked', async () => {
    const server = await discover();
    const asked = await oauth.introspectionRequest(server, client, oauth.None(), personsToken, insecure);
    await expect(oauth.processIntrospectionResponse(server, client, asked)).rejects.toMatchObject({
      error: 'invalid_client',
      status: 401,
    });
    const given = await oauth.revocationRequest(
      server,
      client,
      oauth.PrivateKeyJwt(key),
      services.assertion(service, { header: { typ: 'JWT' } }),
      insecure,
    );
    await expect(oauth.processRevocationResponse(given)).rejects.toMatchObject({
      error: 'unsupported_token_type',
      status: 400,
    });
  });

  test('understands a refusal', async () => {
    const server = await discover();
    const answer = await oauth.clientCredentialsGrantRequest(server, client, oauth.None(), {}, insecure);
    await expect(oauth.processClientCredentialsResponse(server, client, answer)).rejects.toMatchObject({
      error: 'invalid_client',
      status: 401,
    });
  });
});

describe('openid-client', () => {
  const discover = () =>
    openid.discovery(issuer, service, {}, openid.PrivateKeyJwt(key), {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    });

  test('gets a token in the service’s name', async () => {
    const { access_token } = await openid.clientCredentialsGrant(await discover(), {
      scope: 'revocations:read',
    });
    expect(decode(access_token).claims).toMatchObject({ sub: service, aud: ['auth-service'] });
  });

  test('exchanges a person’s token', async () => {
    const body = await openid.genericGrantRequest(await discover(), tokenExchange, exchange());
    expect(body['issued_token_type']).toBe(accessTokenType);
    expectExchanged(body.access_token);
  });

  test('introspects a person’s token, revokes the one that it exchanged, and introspects that', async () => {
    const configuration = await discover();
    expect(await openid.tokenIntrospection(configuration, personsToken)).toMatchObject({
      ...decode(personsToken).claims,
      active: true,
    });
    const { access_token } = await openid.genericGrantRequest(configuration, tokenExchange, exchange());
    await openid.tokenRevocation(configuration, access_token);
    expect(await openid.tokenIntrospection(configuration, access_token)).toEqual({ active: false });
  });

  test('understands a refusal', async () => {
    const parameters = { ...exchange(), audience: 'wishlist-service' };
    await expect(
      openid.genericGrantRequest(await discover(), tokenExchange, parameters),
    ).rejects.toMatchObject({ error: 'invalid_target', status: 400 });
  });
});
