import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { ConfigError, issuerEndpoints, loadConfig, redisUrl, serviceConfig } from '../../src/index.ts';
import { baseUrl, faultOfUrl, type UrlUse } from '../../src/settings/setting-url.ts';

const uses: readonly UrlUse[] = ['issuer', 'origin', 'base', 'endpoint'];
const all = uses.join(' ');

/** The URL, its allowed uses, and the message where it is not allowed. */
const urls: [url: string, uses: string, fault?: string][] = [
  ['http://localhost:4000', all],
  ['https://auth.example', all],
  ['http://[::1]:4000', all],
  ['http://192.0.2.1', all],
  ['https://xn--bcher-kva.example', all],
  ['https://auth.example.', all],
  ['https://auth.example/tenant', 'issuer base endpoint', 'path'],
  ['https://auth.example/tenant/', 'base', 'slash'],
  ['http://localhost:4000/', 'base', 'slash'],
  ['http://localhost:4000//', '', 'slash|empty'],
  ['http://localhost:4000//token', '', 'path|empty'],
  ['http://localhost:4000/a//b/', '', 'path|empty|slash'],
  ['https://auth.example/keys?from=http://a', 'endpoint', 'query'],
  ['https://auth.example/tenants/a.b_c~d-E1', 'issuer base endpoint', 'path'],
  ['https://auth.example/a%20b', 'base endpoint', 'path'],
  ['https://auth.example/a*b', 'base endpoint', 'path'],
  ['https://auth.example/:a', 'base endpoint', 'path'],
  ['https://auth.example/a%zz', '', 'encodes nothing'],
  ['https://auth.example/keys?p=a', 'endpoint', 'query'],
  ['https://auth.example?', 'endpoint', 'query'],
  ['https://Auth.example', 'base endpoint', 'lower case'],
  ['https://auth.example:443', 'base endpoint', 'default port'],
  ['http://auth.example:80', 'base endpoint', 'default port'],
  ['http://127.1:4000', 'base endpoint', 'digits left out'],
  ['https://bücher.example', 'base endpoint', 'ASCII'],
  ['https://auth.example/a/../b', 'base endpoint', 'path|"\\.\\."'],
  ['http://localhost:4000#', '', 'fragment'],
  ['http://localhost:4000/#/x', '', 'fragment'],
  ['http://user:secret@localhost', '', 'user or a password'],
  ['http://@localhost', '', 'user or a password'],
  ['http://secret@localhost/x', '', 'user or a password'],
  [' http://localhost', '', 'white space'],
  ['http://localhost\n', '', 'white space'],
  ['http://a b', '', 'white space'],
  ['http://localhost\u200b', '', 'invisible'],
  ['http:\\\\localhost', '', 'backslash'],
  ['http://localhost\\x', '', 'backslash'],
  ['HTTP://localhost', '', 'begin with'],
  ['localhost:4000', '', 'begin with'],
  ['//localhost', '', 'begin with'],
  ['http:localhost', '', 'begin with'],
  ['http:/localhost', '', 'begin with'],
  ['ftp://localhost', '', 'begin with'],
  ['http://', '', 'cannot be read'],
  ['http:///localhost', '', 'cannot be read'],
  ['http://:80', '', 'cannot be read'],
  ['http://localhost:99999', '', 'cannot be read'],
  ['http://[::1', '', 'cannot be read'],
  ['http://*.example', '', 'host has an invalid'],
  ['http://a,http://b', '', 'cannot be read|host has an invalid'],
];

describe.each(urls)('%j', (url, allowed, fault = '') => {
  it.each(uses)(`as %s: ${allowed === '' ? 'never' : `only as ${allowed}`}`, (use) => {
    const found = faultOfUrl(url, use);
    if (allowed.split(' ').includes(use)) expect(found).toBeUndefined();
    else expect(found).toMatch(new RegExp(fault));
    expect(found ?? '').not.toContain('secret');
  });
});

const schema = Type.Object({
  ...serviceConfig,
  ...issuerEndpoints,
  CART_URL: baseUrl('the URL of cart-service'),
  REDIS_URL: redisUrl(),
});
const good = {
  PORT: '0',
  DATABASE_URL: 'postgres://localhost/cart',
  ISSUER: 'http://localhost:4000',
  JWKS_URI: 'http://localhost:4000/.well-known/jwks.json',
  TOKEN_ENDPOINT: 'http://localhost:4000/token',
  REVOCATIONS_URI: 'http://localhost:4000/revocations',
  CART_URL: 'http://localhost:4001',
  REDIS_URL: 'redis://localhost',
};

const faultsOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(schema, { ...good, ...env });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
};

describe('a setting', () => {
  it.each([
    ['ISSUER', 'http://localhost:4000/', 'ends with a slash: leave that out'],
    ['JWKS_URI', 'http://localhost:4000/jwks.json#x', 'fragment'],
    ['TOKEN_ENDPOINT', 'http://localhost:4000/token/', 'ends with a slash'],
    ['REVOCATIONS_URI', 'http://:80', 'cannot be read'],
    ['CART_URL', 'http://user:s3cr3t@localhost', 'password'],
    ['CORS_ORIGINS', 'http://a.test,https://b.test:443', 'default port'],
    ['TRUSTED_PROXIES', '10.0.0.0/8,999.1.1.1', 'neither an IP address'],
    ['DATABASE_URL', 'postgres://user:s3cr3t/x@localhost/cart', 'percent-encoded'],
    ['DATABASE_URL', 'mysql://localhost/cart', 'scheme'],
    ['REDIS_URL', 'redis://:s3cr3t#x@localhost', 'percent-encoded'],
    ['REDIS_URL', 'redis://localhost:70000', 'percent-encoded'],
    ['REDIS_URL', 'redis://localhost/sessions', 'no number'],
    ['REDIS_URL', 'redis://:s3cr3t100%@localhost', 'percent-encoded'],
    ['REDIS_URL', 'redis://:s3cr3t%C3@localhost', 'percent-encoded'],
    ['REDIS_URL', 'redis://local host', 'cannot be read'],
    ['REDIS_URL', 'redis://localhost ', 'white space'],
    ['DATABASE_URL', 'postgres://user:s3cr3t%C3@localhost/cart', 'percent-encoded'],
    ['DATABASE_URL', 'postgres://localhost/cart\n', 'white space'],
    ['DATABASE_URL', 'postgres://localhost/cart?sslmod=verify-full', 'not known'],
    ['DATABASE_URL', 'postgres://localhost/cart?sslMode=require', 'in lower case'],
    ['DATABASE_URL', 'postgres://localhost/cart?ssl_mode=require', 'not known'],
    ['DATABASE_URL', 'postgres://localhost/cart?application_name=cart&tls=true', 'not known'],
    ['DATABASE_URL', 'postgres://localhost/cart?%73slmode=require', 'not known'],
    ['DATABASE_URL', 'postgres://localhost/cart?sslmode', 'the sslmode in its query is none of'],
    ['DATABASE_URL', 'postgres://localhost/cart?sslmode=verify_full', 'the sslmode in its query is none of'],
    ['DATABASE_URL', 'postgres://localhost/cart?ssl=false', 'the ssl in its query is none of'],
    ['DATABASE_URL', 'postgres://localhost/cart?gssencmode=require', 'gssencmode in its query is none of'],
    ['DATABASE_URL', 'postgres://localhost/cart?sslmode=require&sslmode=disable', 'sslmode twice'],
    ['DATABASE_URL', 'postgres://localhost/?dbname=cart', 'not known'],
    ['DATABASE_URL', 'postgres://localhost/cart?s3cr3t', 'not known'],
    [
      'DATABASE_URL',
      'postgres://localhost/cart?sslmode=require&sslrootcert=system',
      'needs sslmode=verify-full',
    ],
  ])('%s=%s is refused at the start, with its name and a reason', (name, value, reason) => {
    const [fault = '', ...others] = faultsOf({ [name]: value });
    expect(others).toEqual([]);
    expect(fault).toMatch(new RegExp(`^${name} is not valid \\(expected: .+\\): .*${reason}`));
    expect(fault).not.toContain('s3cr3t');
  });

  it.each([
    ['CORS_ORIGINS', 'http://[::1]:3000, https://shop.example'],
    ['CART_URL', 'http://localhost:4001/'],
    ['DATABASE_URL', 'postgresql://u:p%40ss@[::1]:5432/cart?sslmode=require'],
    ['DATABASE_URL', 'postgres:///cart?host=/var/run/postgresql'],
    ['DATABASE_URL', 'postgres://user:pass@/cart?host=/tmp'],
    ['DATABASE_URL', 'postgres://user:two words@localhost/cart'],
    ['DATABASE_URL', 'postgres://user:100%@localhost/cart'],
    // As providers write them.
    ['DATABASE_URL', 'postgres://u:p@ep-x-pooler.neon.tech/cart?sslmode=require&channel_binding=require'],
    ['DATABASE_URL', 'postgres://u:p@ep-x.neon.tech/cart?sslmode=require&options=endpoint%3Dep-x'],
    ['DATABASE_URL', 'postgres://u:p@x.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1'],
    ['DATABASE_URL', 'postgres://u:p@x.pooler.supabase.com/postgres?sslmode=require&supa=base-pooler.x'],
    ['DATABASE_URL', 'postgres://u:p@x.rds.amazonaws.com/cart?sslmode=verify-full&sslrootcert=/rds.pem'],
    ['DATABASE_URL', 'postgres://u:p@x.compute.amazonaws.com:5432/cart?sslmode=no-verify'],
    ['DATABASE_URL', 'postgres://u%40x:p@x.postgres.database.azure.com:5432/cart?ssl=true&sslmode=require'],
    ['DATABASE_URL', 'postgres://u:p@/cart?host=/cloudsql/project:region:instance'],
    ['DATABASE_URL', 'postgres://u:p@x.example/cart?connect_timeout=10&target_session_attrs=read-write'],
    ['DATABASE_URL', 'postgres://u:p@x.example/cart?uselibpqcompat=true&sslmode=require'],
    ['DATABASE_URL', 'postgres://u:p@x.pg.psdb.cloud/cart?sslmode=verify-full&sslrootcert=system'],
    ['DATABASE_URL', 'postgres://u:p@x.example/cart?'],
    ['DATABASE_URL', 'postgres://u:p@x.example/cart?schema=public&ssl=0'],
    ['REDIS_URL', 'redis://:two words@localhost'],
    ['REDIS_URL', 'rediss://user:p%40ss@cache.example:6380/2?family=6'],
    ['REDIS_URL', 'redis://localhost:6379/'],
  ])('%s=%s is as good as any', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([]);
  });
});
