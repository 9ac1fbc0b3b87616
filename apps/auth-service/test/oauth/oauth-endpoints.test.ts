import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { startAuthApp, storefrontOrigin } from '../support/auth-app.ts';

const auth = await forThisFile(startAuthApp());

const form = 'application/x-www-form-urlencoded';
const good = 'grant_type=refresh_token&client_id=latchkey-cli&token=x&refresh_token=x';
const type = (value: string) => ({ 'content-type': value });
const takesForms = 'The body must be application/x-www-form-urlencoded.';

type Asked = {
  method?: 'GET' | 'PUT' | 'DELETE' | 'PATCH';
  url?: string;
  payload?: string | Buffer;
  headers?: Record<string, string>;
};

/** What all these endpoints have in common. */
const refused: [what: string, request: Asked, status: number, error: string, says?: string][] = [
  [
    'text, as fetch sends a string',
    { payload: good, headers: type('text/plain;charset=UTF-8') },
    400,
    'invalid_request',
    takesForms,
  ],
  ['JSON', { payload: '{}', headers: type('application/json') }, 400, 'invalid_request', takesForms],
  ['broken JSON', { payload: '{', headers: type('application/json') }, 400, 'invalid_request', takesForms],
  ['empty JSON', { payload: '', headers: type('application/json') }, 400, 'invalid_request', takesForms],
  ['XML', { payload: '<a/>', headers: type('text/xml') }, 400, 'invalid_request', takesForms],
  [
    'multipart',
    { payload: '--b--', headers: type('multipart/form-data; boundary=b') },
    400,
    'invalid_request',
    takesForms,
  ],
  ['no known form of a type', { payload: good, headers: type('form') }, 400, 'invalid_request', takesForms],
  ['no type', { payload: good }, 400, 'invalid_request', takesForms],
  ['no type and no body', {}, 400, 'invalid_request', takesForms],
  ['an empty form', { payload: '', headers: type(form) }, 400, 'invalid_request'],
  ['the parameters in the URL', { url: `?${good}` }, 400, 'invalid_request', takesForms],
  [
    'two megabytes',
    { payload: `a=${'x'.repeat(2_000_000)}`, headers: type(form) },
    413,
    'invalid_request',
    'The body is too large.',
  ],
  [
    'a length that is not that of the body',
    { payload: good, headers: { ...type(form), 'content-length': '3' } },
    400,
    'invalid_request',
  ],
  [
    'bytes that are no UTF-8',
    { payload: Buffer.from([...Buffer.from(good), 0xc3]), headers: type(form) },
    400,
    'invalid_request',
    'The body is not valid UTF-8.',
  ],
  [
    'Latin-1, as its type says',
    { payload: Buffer.from('scope=caf\u00e9', 'latin1'), headers: type(`${form}; charset=iso-8859-1`) },
    400,
    'invalid_request',
  ],
  [
    'percent-encoded bytes that are no UTF-8',
    { payload: `${good}&scope=%ff`, headers: type(form) },
    400,
    'invalid_request',
  ],
  ['an overlong encoding', { payload: `${good}&scope=%c0%af`, headers: type(form) }, 400, 'invalid_request'],
  [
    'a surrogate in UTF-8',
    { payload: `${good}&scope=%ed%a0%80`, headers: type(form) },
    400,
    'invalid_request',
  ],
  ['half a percent-encoding', { payload: `${good}&scope=%4`, headers: type(form) }, 400, 'invalid_request'],
  ['a NUL character', { payload: `${good}&scope=a%00`, headers: type(form) }, 400, 'invalid_request'],
  ['no UTF-8 in a name', { payload: `${good}&%ff=a`, headers: type(form) }, 400, 'invalid_request'],
  [
    'a parameter that stands twice',
    { payload: `${good}&client_id=latchkey-cli`, headers: type(form) },
    400,
    'invalid_request',
  ],
  [
    'one that stands twice, first empty',
    { payload: `client_id=&${good}`, headers: type(form) },
    400,
    'invalid_request',
  ],
  [
    'one that stands twice, then empty',
    { payload: `${good}&client_id=`, headers: type(form) },
    400,
    'invalid_request',
  ],
  [
    'one that stands twice without a value',
    { payload: `${good}&state&state`, headers: type(form) },
    400,
    'invalid_request',
  ],
  [
    'one that stands twice, once spelled otherwise',
    { payload: `${good}&%63lient_id=a`, headers: type(form) },
    400,
    'invalid_request',
  ],
  [
    'an unknown one that stands twice',
    { payload: `${good}&a=1&a=1`, headers: type(form) },
    400,
    'invalid_request',
  ],
  ['two audiences', { payload: `${good}&audience=a&audience=b`, headers: type(form) }, 400, 'invalid_target'],
  [
    'two audiences, one empty',
    { payload: `${good}&audience=&audience=b`, headers: type(form) },
    400,
    'invalid_target',
  ],
  ['two resources', { payload: `${good}&resource=a&resource=a`, headers: type(form) }, 400, 'invalid_target'],
  [
    'two audiences and two clients',
    { payload: `audience=a&audience=b&${good}&client_id=a`, headers: type(form) },
    400,
    'invalid_request',
  ],
  ['GET', { method: 'GET', url: `?${good}` }, 405, 'invalid_request', 'This route takes POST.'],
  [
    'PUT',
    { method: 'PUT', payload: good, headers: type(form) },
    405,
    'invalid_request',
    'This route takes POST.',
  ],
  ['DELETE', { method: 'DELETE' }, 405, 'invalid_request', 'This route takes POST.'],
];

describe.each(['/token', '/revoke', '/introspect'])('%s', (path) => {
  test.each(refused)(
    'answers %s in the form of RFC 6749 §5.2',
    async (_what, request, status, error, says) => {
      const { url = '', headers, ...rest } = request;
      const answer = await auth.app.inject({
        method: 'POST',
        ...rest,
        url: `${path}${url}`,
        headers: { ...headers, origin: storefrontOrigin },
      });
      expect(answer.json()).toEqual({
        error,
        error_description: says ?? expect.stringMatching(/^\w.{10}/),
      });
      expect(answer.statusCode).toBe(status);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'access-control-allow-origin': storefrontOrigin,
      });
      expect(answer.headers['allow']).toBe(status === 405 ? 'POST' : undefined);
    },
  );

  test.each([
    form,
    'application/x-www-form-urlencoded;charset=UTF-8',
    'APPLICATION/X-WWW-Form-UrlEncoded ; Charset="utf-8"',
  ])('reads a body of the type %s', async (contentType) => {
    const answer = await auth.app.inject({
      method: 'POST',
      url: path,
      headers: type(contentType),
      payload: 'client_id=nobody&token=a+%2B%C3%A9&grant_type=refresh_token&&state',
    });
    // The server parsed the body: it checks the client first.
    expect(answer.json().error).toBe('invalid_client');
  });
});

test('a path below an endpoint is 404, with a problem document', async () => {
  const answer = await auth.app.inject({
    method: 'POST',
    url: '/token/x',
    headers: type(form),
    payload: good,
  });
  expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found']);
});
