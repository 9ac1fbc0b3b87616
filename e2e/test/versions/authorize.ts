import { createHash, randomBytes } from 'node:crypto';
import { type Answer, createBrowser, type Key, send } from '@latchkey/person';
import { issuer } from './two-versions.ts';

/** Which auth-service, by its URL, does each step. */
export type Authorization = {
  readonly beginsAt: string;
  readonly signsInAt: string;
  readonly redeemsAt: string;
  readonly person: { readonly username: string; readonly password: string };
  /** The session is bound to it. */
  readonly key: Key;
};

const client = 'latchkey-cli';
const callback = 'http://127.0.0.1:39999/callback';

/** The code flow of the command line (RFC 6749 §4.1, RFC 7636). Returns the answer of the token endpoint. */
export async function authorize({
  beginsAt,
  signsInAt,
  redeemsAt,
  person,
  key,
}: Authorization): Promise<Answer> {
  const verifier = randomBytes(32).toString('base64url');
  let reached = beginsAt;
  const browser = createBrowser({
    fetch: async (url, init) =>
      url.startsWith(issuer) ? fetch(url.replace(issuer, reached), init) : new Response(''),
  });
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: client,
    redirect_uri: callback,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  await browser.open(`${issuer}/authorize?${asked}`);
  reached = signsInAt;
  const returned = await browser.submit({ action: 'sign_in', ...person });
  const code = new URL(returned.url).searchParams.get('code') ?? '';
  const form = { client_id: client, code, redirect_uri: callback, code_verifier: verifier };
  return send(redeemsAt, {
    method: 'POST',
    path: '/token',
    key,
    form: { grant_type: 'authorization_code', ...form },
  });
}
