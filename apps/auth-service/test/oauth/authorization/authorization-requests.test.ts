import { randomBytes } from 'node:crypto';
import { codePoint, forThisFile } from '@latchkey/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { from, startAuthApp, testIssuer } from '../../support/auth-app.ts';
import { ask, createOperator, openDatabase } from '../../support/operator.ts';
import {
  authorize,
  callback,
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
  returned,
  somebody,
} from './authorization-fixture.ts';

const auth = await forThisFile(startAuthApp());
const { app } = auth;
const application = await registerApplication(auth, {
  redirect_uris: [callback, 'https://app.example/other?page=1'],
});

describe('nothing is sent to a redirect URI that is not proven (RFC 9700 §4.1, §4.11.2)', () => {
  test.each([
    ['another path', 'https://app.example/callback/evil'],
    ['path traversal', 'https://app.example/callback/../evil'],
    ['encoded traversal', 'https://app.example/callback/%2e%2e/evil'],
    ['another host', 'https://evil.example/callback'],
    ['a subdomain', 'https://app.example.evil.example/callback'],
    ['user information', 'https://app.example@evil.example/callback'],
    ['user information before our host', 'https://evil@app.example/callback'],
    ['a fragment', 'https://app.example/callback#evil'],
    ['a query', 'https://app.example/callback?next=evil'],
    ['another port', 'https://app.example:8443/callback'],
    ['the default port', 'https://app.example:443/callback'],
    ['another scheme', 'http://app.example/callback'],
    ['a script', 'javascript:alert(1)'],
    ['another case', 'https://APP.example/callback'],
    ['another case of the path', 'https://app.example/Callback'],
    ['a letter of another alphabet', 'https://аpp.example/callback'],
    ['a wildcard', 'https://*.example/callback'],
    ['a trailing slash', 'https://app.example/callback/'],
    ['a backslash', 'https://app.example\\@evil.example/callback'],
    ['a space', ' https://app.example/callback'],
    ['a line break', 'https://app.example/callback\r\nlocation: https://evil.example'],
    ['a relative reference', '/callback'],
    ['a host without a scheme', '//app.example/callback'],
    ['a loopback address', 'http://127.0.0.1/callback'],
    ['a port in user information', 'https://app.example:443@evil.example/callback'],
    ['an encoded host', 'https://%61pp.example/callback'],
    ['a host with a dot at its end', 'https://app.example./callback'],
    ['the host in punycode of another alphabet', 'https://xn--pp-6kc.example/callback'],
    ['an encoded slash', 'https://app.example%2fevil.example/callback'],
    ['an encoded letter of the path', 'https://app.example/%63allback'],
    ['a path parameter', 'https://app.example/callback;evil'],
    ['an empty query', 'https://app.example/callback?'],
    ['an empty fragment', 'https://app.example/callback#'],
    ['a NUL character', 'https://app.example/callback\u0000'],
    ['a tab in the host', 'https://app.exam\tple/callback'],
    ['three slashes', 'https:///app.example/callback'],
    ['one slash', 'https:/app.example/callback'],
    ['data', 'data:text/html,evil'],
    ['nothing', ''],
  ])('%s', async (_, redirect_uri) => {
    const answer = await createBrowser(app).get(createFlow(application.id, { redirect_uri }).url);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.headers['content-type']).toContain('text/html');
  });

  test.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['a service', { client_id: 'payment-service' }],
    ['no client', { client_id: '' }],
  ])('%s', async (_, changes) => {
    const answer = await createBrowser(app).get(createFlow(application.id, changes).url);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers.location).toBeUndefined();
  });

  test.each(['client_id', 'redirect_uri'])('%s twice', async (name) => {
    const { url, parameters } = createFlow(application.id);
    const answer = await createBrowser(app).get(
      `${url}&${new URLSearchParams({ [name]: parameters[name] ?? '' })}`,
    );
    expect(answer.statusCode).toBe(400);
  });

  test('text that is not UTF-8', async () => {
    expect((await createBrowser(app).get(`${createFlow(application.id).url}&state=%ff`)).statusCode).toBe(
      400,
    );
  });
});

describe('everything else that is wrong is told to the client, with state and iss (RFC 9207)', () => {
  test.each<[string, Record<string, string>, string]>([
    ['no response type', { response_type: '' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['the hybrid flow', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['no challenge (PKCE downgrade)', { code_challenge: '' }, 'invalid_request'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no challenge method', { code_challenge_method: '' }, 'invalid_request'],
    ['a challenge that is no digest', { code_challenge: 'abc' }, 'invalid_request'],
    ['an unknown response mode', { response_mode: 'fragment' }, 'invalid_request'],
    ['a malformed scope', { scope: 'openid  "x"' }, 'invalid_scope'],
    ['only scopes that it may not ask for', { scope: 'payment:write accounts:manage' }, 'invalid_scope'],
    ['an unknown prompt', { prompt: 'create' }, 'invalid_request'],
    ['prompt=none with another', { prompt: 'none login' }, 'invalid_request'],
    ['a negative max_age', { max_age: '-1' }, 'invalid_request'],
    ['a request object', { request: 'eyJ.eyJ.' }, 'request_not_supported'],
    ['the URL of a request object', { request_uri: 'https://app.example/r' }, 'request_uri_not_supported'],
    ['a registration', { registration: '{}' }, 'registration_not_supported'],
    ['a resource that is no service of ours', { resource: 'https://api.example' }, 'invalid_target'],
    ['a nonce without end', { nonce: 'x'.repeat(513) }, 'invalid_request'],
  ])('%s', async (_, changes, error) => {
    const flow = createFlow(application.id, changes);
    expect(returned(await createBrowser(app).get(flow.url))).toMatchObject({
      error,
      state: flow.state,
      iss: testIssuer,
    });
  });

  test.each(['&scope=openid', '&nonce=1&nonce=', '&audience=a&audience=b'])(
    'what cannot be read: %s, in a query or a form',
    async (more) => {
      const { url, state } = createFlow(application.id);
      const asked = await createBrowser(app).get(url + more);
      const posted = await app.inject({
        method: 'POST',
        url: '/authorize',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: url.slice(url.indexOf('?') + 1) + more,
      });
      for (const answer of [asked, posted])
        expect(returned(answer)).toMatchObject({ error: 'invalid_request', state });
    },
  );

  test('a redirect URI with a query keeps it', async () => {
    const redirect_uri = 'https://app.example/other?page=1';
    const answer = await createBrowser(app).get(
      createFlow(application.id, { redirect_uri, response_type: 'x' }).url,
    );
    expect(String(answer.headers.location)).toMatch(/^https:\/\/app\.example\/other\?page=1&error=/);
  });
});

test('a question mark within the query ends no parameter (RFC 3986 §3.4)', async () => {
  const flow = createFlow(application.id, { response_type: 'token' });
  const answer = await createBrowser(app).get(flow.url.replace('?', '?login_hint=who?&'));
  expect(returned(answer)).toMatchObject({ error: 'unsupported_response_type', state: flow.state });
});

test('scopes that it may not ask for are left out, and unknown ones are ignored', async () => {
  const flow = createFlow(application.id, { scope: 'openid email payment:write cart:read' });
  const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
  expect((await flow.redeem(app, code)).json().scope).toBe('openid cart:read');
});

describe('whatever is asked, the answer is a page or goes to exactly the registered place, and never 500:', () => {
  const names = Object.keys(createFlow(application.id).parameters);
  const texts = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ unit: codePoint, maxLength: 20 }),
    fc.constantFrom(callback, 'code', 'S256', 'none', '0', '%', '&', '=', '<script>', '\u0000'),
  );
  const changed = fc.dictionary(
    fc.constantFrom(...names, 'prompt', 'max_age', 'response_mode', 'ui_locales', 'resource'),
    texts,
    { maxKeys: 4 },
  );
  // The registered one with something put in somewhere, or taken away.
  const redirectUris = fc
    .tuple(fc.nat(callback.length), fc.nat(3), fc.string({ maxLength: 4 }))
    .map(([at, without, text]) => `${callback.slice(0, at)}${text}${callback.slice(at + without)}`)
    .filter((uri) => uri !== callback);
  const nowhere = { redirect_uri: 'https://evil.example' };

  const formOf = (parameters: Record<string, string>) => ({
    url: '/authorize',
    payload: new URLSearchParams(parameters).toString(),
  });

  const ourPage = new RegExp(`^${testIssuer}/authorize/[\\w-]{22}$`);

  type Asked = { readonly url: string; readonly payload?: string };
  test.each<[string, fc.Arbitrary<Asked>]>([
    ['parameters', changed.map((changes) => createFlow(application.id, changes))],
    ['a form', changed.map((changes) => formOf(createFlow(application.id, changes).parameters))],
    ['a redirect URI', redirectUris.map((redirect_uri) => createFlow(application.id, { redirect_uri }))],
    [
      'any text',
      fc
        .string({ unit: 'grapheme-ascii', maxLength: 80 })
        .map((text) => ({ url: `/authorize?${text.replace(/[ #]/g, '+')}` })),
    ],
    [
      'text behind a request, and a second place in it',
      texts.map((text) => ({
        url: `${createFlow(application.id).url}&${encodeURIComponent(text)}&${new URLSearchParams(nowhere)}`,
      })),
    ],
  ])('%s', async (_, all) => {
    await fc.assert(
      fc.asyncProperty(all, async ({ url, payload }) => {
        const address = from(randomBytes(4).toString('hex'));
        const { statusCode, headers, body } = await app.inject(
          payload === undefined
            ? { url, headers: address }
            : {
                method: 'POST',
                url,
                payload,
                headers: { ...address, 'content-type': 'application/x-www-form-urlencoded' },
              },
        );
        const location = String(headers.location);
        if (location.startsWith(testIssuer)) expect(location).toMatch(ourPage);
        else if (statusCode === 303) expect(location.split('?')[0]).toBe(callback);
        else expect([statusCode, headers.location]).toEqual([400, undefined]);
        expect(body).not.toContain('<script');
      }),
      { numRuns: 100 },
    );
  });
});

test('a client that is revoked sends nobody here', async () => {
  const { id } = await registerApplication(auth);
  const browser = createBrowser(app);
  const page = nextPage(await browser.get(createFlow(id).url));
  const database = openDatabase(auth);
  const operator = await createOperator(auth, database);
  await ask(auth, operator, { method: 'PUT', url: `/clients/${id}/status`, payload: { status: 'revoked' } });
  await database.close();
  for (const url of [createFlow(id).url, page]) {
    const answer = await browser.get(url);
    expect(answer.statusCode).toBe(403);
    expect(answer.headers.location).toBeUndefined();
  }
});
