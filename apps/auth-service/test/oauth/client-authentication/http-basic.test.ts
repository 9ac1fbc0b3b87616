import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { forThisFile } from '@latchkey/testing';
import { expect, test } from 'vitest';
import { postForm, startAuthApp } from '../../support/auth-app.ts';
import { createFlow, registerApplication } from '../authorization/authorization-fixture.ts';

const auth = await forThisFile(startAuthApp());
const { id, secret } = await registerApplication(auth, { token_endpoint_auth_method: 'client_secret_basic' });
const basic = (of: string) => `Basic ${Buffer.from(`${id}:${of}`).toString('base64')}`;
const origin = await auth.app.listen({ port: 0, host: '127.0.0.1' });

/** Posts a form, with one line for each Authorization header. */
async function post(path: string, parameters: Record<string, string>, authorization: string[]) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization };
  // The types know one Authorization header only.
  const sent = request(origin + path, { method: 'POST', headers: headers as never });
  sent.end(new URLSearchParams(parameters).toString());
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

test.each([
  ['/token', { grant_type: 'refresh_token', refresh_token: 'x' }],
  ['/revoke', { token: 'x' }],
  ['/introspect', { token: 'x' }],
  ['/par', createFlow(id).parameters],
])('%s takes one Authorization header only', async (path, parameters) => {
  const right = basic(secret ?? '');
  expect((await post(path, parameters, [right])).body).not.toContain('invalid_request');
  for (const other of [right, basic('wrong'), 'Bearer x'])
    expect(await post(path, parameters, [right, other])).toMatchObject({
      status: 400,
      body: expect.stringContaining('"error":"invalid_request"'),
    });
});

test('an application that may not introspect gets the challenge of RFC 6749 §5.2, too', async () => {
  const answer = await postForm(auth.app, {
    url: '/introspect',
    parameters: { token: 'x' },
    headers: { authorization: basic(secret ?? '') },
  });
  expect([answer.statusCode, answer.json().error]).toEqual([401, 'invalid_client']);
  expect(answer.headers['www-authenticate']).toBe('Basic realm="auth-service"');
});
