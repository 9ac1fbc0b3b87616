import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseProviders } from '../../src/federation/settings.ts';

const own = {
  id: 'own',
  name: 'Own',
  issuer: 'https://id.example',
  client_id: 'us',
  client_secret: 's3cret',
};
const parse = (list: unknown, isProduction = false) =>
  parseProviders(typeof list === 'string' ? list : JSON.stringify(list), new Map(), { isProduction });

test('an OpenID provider needs an issuer, a name and a secret', () => {
  expect(parse([own])).toMatchObject([
    { id: 'own', issuer: own.issuer, scope: 'openid profile', canReauthenticate: true, oauth: undefined },
  ]);
});

test('for a preset, id and secret are enough', () => {
  const shorthand = new Map([['google', { clientId: 'us', secret: 's3cret' }]] as const);
  const [google] = parseProviders('[]', shorthand, { isProduction: true });
  expect(google).toMatchObject({ id: 'google', look: 'google', issuer: 'https://accounts.google.com' });
});

test('how the secret is sent follows from the provider’s document, unless a preset or the setting says it', () => {
  const sent = (setting: object) => parse([{ ...own, ...setting }])[0]?.authMethod;
  expect(sent({})).toBeUndefined();
  expect(sent({ preset: 'github', issuer: undefined })).toBe('client_secret_post');
  expect(sent({ token_endpoint_auth_method: 'client_secret_basic' })).toBe('client_secret_basic');
});

test('an issuer that ends with a slash is kept as it is, since issuers are compared as text', () => {
  expect(parse([{ ...own, issuer: 'https://id.example/' }])[0]?.issuer).toBe('https://id.example/');
});

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });

test.each<[string, unknown]>([
  ['no JSON', 'x'],
  ['no list', {}],
  ['an unknown member', [{ ...own, clientsecret: 'x' }]],
  ['an unknown preset', [{ ...own, preset: 'myspace' }]],
  ['no issuer', [{ ...own, issuer: undefined }]],
  ['an issuer that is no URL', [{ ...own, issuer: 'id.example' }]],
  ['no name', [{ ...own, name: undefined }]],
  ['no secret', [{ ...own, client_secret: undefined }]],
  ['an id with a line feed at its end', [{ ...own, client_id: 'us\n' }]],
  ['a secret with a carriage return at its end', [{ ...own, client_secret: 's3cret\r' }]],
  ['a scope without openid', [{ ...own, scope: 'profile' }]],
  ['a way to send the secret that we do not know', [{ ...own, token_endpoint_auth_method: 'none' }]],
  ['an id that belongs in no URL', [{ ...own, id: 'Own/../x' }]],
  ['the same id twice', [own, own]],
  ['the issuer of a provider that has none', [{ ...own, preset: 'github' }]],
  ['no key of Apple', [{ id: 'apple', preset: 'apple', client_id: 'us', client_secret: 's3cret' }]],
  [
    'a key that is none',
    [{ id: 'a', preset: 'apple', client_id: 'us', team_id: 't', key_id: 'k', private_key: 's3cret' }],
  ],
  [
    'a key of another kind',
    [{ id: 'a', preset: 'apple', client_id: 'us', team_id: 't', key_id: 'k', private_key: pem }],
  ],
])('%s is refused, and no secret is told', (_, list) => {
  let message = '';
  try {
    parse(list);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).not.toBe('');
  expect(message).not.toContain('s3cret');
});

test('in production an issuer is https, or on this machine', () => {
  expect(() => parse([{ ...own, issuer: 'http://id.example' }], true)).toThrow('https in production');
  expect(parse([{ ...own, issuer: 'http://localhost:3002' }], true)).toHaveLength(1);
});
