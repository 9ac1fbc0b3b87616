import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { firstPartyClient, seededClients } from '../src/clients/first-party.ts';
import { clientsOf, readConfig } from '../src/config.ts';

const key = () => randomBytes(32).toString('base64url');
const env = {
  PORT: '4000',
  DATABASE_URL: 'postgres://localhost/auth',
  REDIS_URL: 'redis://localhost',
  ISSUER: 'http://localhost:4000',
  JWKS_URI: 'http://localhost:4000/.well-known/jwks.json',
  REFRESH_TOKEN_KEYS: `k1:${key()}`,
  KEY_ENCRYPTION_KEY: key(),
};

test('SERVICE_JWKS_URIS lists the services, and without it there are none', () => {
  expect(clientsOf(readConfig(env)).services).toEqual([]);
  const uri = 'http://127.0.0.1:4003/.well-known/jwks.json';
  const { services, find } = clientsOf(readConfig({ ...env, SERVICE_JWKS_URIS: `payment-service=${uri}` }));
  expect(services).toEqual([find('payment-service')]);
  expect(services).toMatchObject([{ kind: 'service', jwksUri: uri }]);
});

test.each<[string, RegExp | undefined]>([
  ['cart-service', undefined],
  [
    'payment-service',
    /ENCRYPTED_TOKENS_FOR is not valid: SERVICE_JWKS_URIS does not say where payment-service/,
  ],
  ['order-service', /ENCRYPTED_TOKENS_FOR is not valid: entry 1 names no service/],
  ['cart-service,Cart', /ENCRYPTED_TOKENS_FOR is not valid: entry 2 names no service/],
  ['auth-service', /ENCRYPTED_TOKENS_FOR is not valid: tokens for auth-service itself/],
])('ENCRYPTED_TOKENS_FOR names services that publish keys: %s', (names, fault) => {
  const settings = {
    ...env,
    ENCRYPTED_TOKENS_FOR: names,
    SERVICE_JWKS_URIS: 'cart-service=http://127.0.0.1:4001/.well-known/jwks.json',
  };
  if (fault === undefined) expect(readConfig(settings).ENCRYPTED_TOKENS_FOR).toEqual([names]);
  else expect(() => readConfig(settings)).toThrow(fault);
});

test('SESSION_LIMITS says on how many devices people may be signed in with a client, and has a default', () => {
  const mostOf = (limits: string | undefined, id: string) => {
    const { firstParty } = clientsOf(
      readConfig(limits === undefined ? env : { ...env, SESSION_LIMITS: limits }),
    );
    const row = seededClients.find((client) => client.id === id);
    return row && firstPartyClient(row, firstParty).maxSessions;
  };
  expect(mostOf(undefined, 'latchkey-cli')).toBeNull();
  expect(mostOf(undefined, 'latchkey-mobile')).toBe(1);
  expect(mostOf('latchkey-cli=2, latchkey-mobile=0', 'latchkey-cli')).toBe(2);
  expect(mostOf('latchkey-cli=2, latchkey-mobile=0', 'latchkey-mobile')).toBeNull();
});

test.each(['latchkey-cli', 'latchkey-cli=101', 'nobody=1', 'payment-service=1'])(
  'SESSION_LIMITS=%s is a fault, and the only one',
  (limits) => {
    const faulty = {
      ...env,
      SESSION_LIMITS: limits,
      SERVICE_JWKS_URIS: 'payment-service=http://127.0.0.1:4003/.well-known/jwks.json',
    };
    expect(() => readConfig(faulty)).toThrow(/SESSION_LIMITS is not valid/);
    expect(() => readConfig(faulty)).not.toThrow(/SERVICE_JWKS_URIS/);
  },
);

test.each<[string, string, RegExp | undefined]>([
  ['https://id.example', 'http://10.0.0.7:8080/id', undefined],
  ['https://id.example/', 'http://10.0.0.7', /example: reached_at names what is no origin/],
  ['id.example', 'http://10.0.0.7', /example: reached_at names what is no origin/],
  ['https://id.example', '10.0.0.7', /example: reached_at has an address that is not valid/],
  ['https://id.example', 'file:///etc', /example: reached_at has an address that is not valid/],
])('a provider’s reached_at: %s at %s', (origin, address, fault) => {
  const credentials = { client_id: 'us', client_secret: 'c2VjcmV0' };
  const example = { id: 'example', name: 'Example', issuer: 'https://id.example', ...credentials };
  const list = JSON.stringify([{ ...example, reached_at: { [origin]: address } }]);
  const read = () => readConfig({ ...env, IDENTITY_PROVIDERS: list });
  if (fault === undefined) expect(read).not.toThrow();
  else expect(read).toThrow(fault);
});

test.each([
  ['white space', 'GOOGLE_CLIENT_ID', 'abc\r'],
  ['white space', 'GOOGLE_CLIENT_ID', ' abc'],
  ['invisible', 'GOOGLE_CLIENT_SECRET', 's3cret\u200b'],
  ['quotation marks', 'GOOGLE_CLIENT_ID', '"abc"'],
  ['quotation marks', 'GOOGLE_CLIENT_SECRET', "'s3cret'"],
])('a credential at a provider with %s at its ends is refused, by its name: %s=%j', (fault, name, text) => {
  const google = { GOOGLE_CLIENT_ID: 'abc', GOOGLE_CLIENT_SECRET: 's3cret' };
  expect(() => readConfig({ ...env, ...google })).not.toThrow();
  const read = () => readConfig({ ...env, ...google, [name]: text });
  expect(read).toThrow(new RegExp(`${name} is not valid .*${fault}`));
  expect(read).not.toThrow(/s3cret/);
});

test('every fault is named in one message, and no secret is in it', () => {
  const faulty = {
    ...env,
    REFRESH_TOKEN_KEYS: 'k1:c2VjcmV0',
    KEY_ENCRYPTION_KEY: 'c2VjcmV0',
    SERVICE_JWKS_URIS: 'latchkey-cli=http://127.0.0.1/',
  };
  expect(() => readConfig(faulty)).toThrow(
    /REFRESH_TOKEN_KEYS is not valid[\s\S]*KEY_ENCRYPTION_KEY: key 1 is not[\s\S]*SERVICE_JWKS_URIS is not valid/,
  );
  expect(() => readConfig(faulty)).not.toThrow(/c2VjcmV0/);
});
