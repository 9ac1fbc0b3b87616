import Fastify from 'fastify';
import { afterAll, describe, expect, it } from 'vitest';
import {
  authClient,
  createClientCredentials,
  createServiceIdentity,
  type HopSettings,
  type ServiceClientOptions,
  serviceClient,
} from '../../src/index.ts';
import { checkHopSettings, checkServiceClientOptions } from '../../src/service-client/options.ts';

const identity = createServiceIdentity({ clientId: 'payment-service' });

afterAll(() => identity.close());

const good = {
  identity,
  tokenEndpoint: 'http://127.0.0.1:4000/token',
  issuer: 'http://localhost:4000',
  services: { 'cart-service': 'http://127.0.0.1:4001' },
};

function fault(changes: Record<string, unknown>): string {
  try {
    checkServiceClientOptions({ ...good, ...changes } as ServiceClientOptions);
    return 'none';
  } catch (error) {
    return (error as Error).message.replace('serviceClient cannot be registered: ', '');
  }
}

describe('the options of the service client', () => {
  it('have defaults except for identity, issuer and services', () => {
    expect(checkServiceClientOptions(good)).toMatchObject({
      ...good,
      exchangeTimeoutMs: 2000,
      keptTokensMax: 10_000,
    });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ services: {} }, 'none'],
    [{ exchangeTimeoutMs: undefined }, 'none'],
    [{ services: { 'cart-service': 'https://gateway.example/cart/' } }, 'none'],
    [{ identity: undefined }, 'identity must be what createServiceIdentity makes'],
    [{ identity: { clientId: 'payment-service' } }, 'identity must be what createServiceIdentity makes'],
    [{ tokenEndpoint: 'auth' }, 'tokenEndpoint must be an http(s) URL'],
    [{ issuer: undefined }, 'issuer must be an http(s) URL'],
    [{ services: undefined }, 'services must name each audience and its URL'],
    [{ services: ['cart-service'] }, 'services must name each audience and its URL'],
    [
      { services: { 'cart-service': 'file:///etc' } },
      'services: "cart-service" must be a service’s name and have an http(s) URL',
    ],
    [
      { services: { 'cart-service': 'http://a.example/?x=1' } },
      'services: "cart-service" must be a service’s name and have an http(s) URL',
    ],
    [{ exchangeTimeoutMs: 0 }, 'exchangeTimeoutMs must be a whole number from 1 to 60000'],
    [{ secret: 'x' }, 'unknown option "secret"'],
    [
      { identity: null, keptTokensMax: 0 },
      'identity must be what createServiceIdentity makes; keptTokensMax must be a whole number from 1 to 1000000',
    ],
  ])('are checked, and all faults said: %j', (changes, expected) => {
    expect(fault(changes)).toBe(expected);
  });

  it('for one service are its scopes and its time', () => {
    expect(checkHopSettings({})).toEqual({ scopes: [], timeoutMs: 2000 });
    expect(checkHopSettings({ scopes: ['b', 'a', 'b'] }).scopes).toEqual(['a', 'b']);
    const bad = [{ scopes: ['a b'] }, { scopes: 'a' }, { timeoutMs: 0 }, { timeoutMs: 1.5 }, { timeout: 1 }];
    for (const settings of bad)
      expect(() => checkHopSettings(settings as HopSettings)).toThrow('scopes and timeoutMs');
  });

  it('need authClient beside them, and know only the services that were named', async () => {
    const alone = Fastify();
    await expect(Promise.resolve(alone.register(serviceClient, good))).rejects.toThrow(
      /@latchkey\/auth-client/,
    );
    const app = Fastify();
    const keys = async (): Promise<Response> => Response.json({ keys: [] });
    await app.register(authClient, {
      issuer: good.issuer,
      audience: 'payment-service',
      jwksUri: good.issuer,
      revocations: null,
      fetch: keys,
    });
    await app.register(serviceClient, good);
    for (const name of ['payments', 'constructor', '__proto__', ''])
      expect(() => app.serviceClient(name)).toThrow('not one of the registered services');
    await app.close();
  });
});

describe('the options of an identity', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ clientId: 'a b' }, 'clientId must be a service’s name'],
    [{ clientId: 'a"b' }, 'clientId must be a service’s name'],
    [{ clientId: undefined, rotationHours: 0 }, 'rotationHours must be a whole number from 1 to 8760'],
    [{ store: null }, 'store must have put() and list()'],
    [{ store: { put() {} } }, 'store must have put() and list()'],
    [{ identityStore: {} }, 'unknown option "identityStore"'],
  ])('are checked: %j', (changes, expected) => {
    expect(() => createServiceIdentity({ clientId: 'a', ...changes } as never)).toThrow(expected);
  });
});

describe('the options of client credentials', () => {
  const { tokenEndpoint, issuer } = good;

  it.each<[Record<string, unknown>, string]>([
    [{ identity: {} }, 'identity must be what createServiceIdentity makes'],
    [{ scopes: undefined }, 'scopes must be a list of scopes'],
    [{ scopes: ['a b'] }, 'scopes must be a list of scopes'],
    [{ issuer: 'auth' }, 'issuer must be an http(s) URL'],
    [{ tokenEndpoint: undefined }, 'tokenEndpoint must be an http(s) URL'],
    [{ timeoutMs: 0 }, 'timeoutMs must be a whole number from 1 to 60000'],
    [{ fetch: 1 }, 'fetch must be a function'],
    [{ clientId: 'a' }, 'unknown option "clientId"'],
  ])('are checked: %j', (changes, expected) => {
    const options = { identity, tokenEndpoint, issuer, scopes: [], ...changes };
    expect(() => createClientCredentials(options as never)).toThrow(expected);
  });
});
