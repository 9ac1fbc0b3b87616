import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { authClient, type HopSettings, type ServiceClientOptions, serviceClient } from '../../src/index.ts';
import { checkHopSettings, checkServiceClientOptions } from '../../src/service-client/options.ts';

const good = {
  clientId: 'payment-service',
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
  it('have defaults but for who, where and whom', () => {
    expect(checkServiceClientOptions(good)).toMatchObject({
      ...good,
      keyRotationHours: 24,
      exchangeTimeoutMs: 2000,
      keptTokensMax: 10_000,
    });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ services: {} }, 'none'],
    [{ exchangeTimeoutMs: undefined }, 'none'],
    [{ services: { 'cart-service': 'https://gateway.example/cart/' } }, 'none'],
    [{ clientId: 'a b' }, 'clientId must be a service’s name'],
    [{ clientId: 'a"b' }, 'clientId must be a service’s name'],
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
    [{ identityStore: null }, 'identityStore must have put() and list()'],
    [{ identityStore: { put() {} } }, 'identityStore must have put() and list()'],
    [{ exchangeTimeoutMs: 0 }, 'exchangeTimeoutMs must be a whole number from 1 to 60000'],
    [{ secret: 'x' }, 'unknown option "secret"'],
    [
      { clientId: '', keptTokensMax: 0 },
      'clientId must be a service’s name; keptTokensMax must be a whole number from 1 to 1000000',
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
      expect(() => app.serviceClient(name)).toThrow('not among the services');
    await app.close();
  });
});
