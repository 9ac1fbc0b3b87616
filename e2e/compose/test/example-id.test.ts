import { createHash, randomBytes } from 'node:crypto';
import { seededPeople, signInAtExampleId } from '@latchkey/example-id';
import { describe, expect, it } from 'vitest';
import { container, exampleIdUrl, exec, ports, urls } from '../system.ts';

const get = (url: string) => `fetch('${url}').then((response) => response.text()).then(console.log)`;

describe('Example ID', () => {
  it('says the same to browsers and to auth-service, which reaches it by the front', async () => {
    const path = '/.well-known/openid-configuration';
    const inside = get(`http://front:${ports.example_id}${path}`);
    const seen = JSON.parse(await exec(await container('auth-service'), 'node', '--eval', inside));
    expect(seen).toEqual(await (await fetch(exampleIdUrl + path)).json());
    expect(seen).toMatchObject({ issuer: exampleIdUrl, token_endpoint: `${exampleIdUrl}/token` });
  });

  it('signs somebody in for auth-service, and reaches it to tell it when they sign out', async () => {
    const exampleId = await container('example-id');
    const [client] = JSON.parse(await exec(exampleId, 'cat', '/run/secrets/clients'));
    const verifier = randomBytes(32).toString('base64url');
    const url = `${exampleIdUrl}/auth?${new URLSearchParams({
      client_id: client.client_id,
      response_type: 'code',
      scope: 'openid profile',
      redirect_uri: client.redirect_uris[0],
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })}`;
    const answer = new URL((await signInAtExampleId(url, seededPeople[0])).url);
    expect(answer.origin).toBe(urls.auth);
    expect(answer.searchParams.get('code')).toMatch(/./);
    const { origin } = new URL(client.backchannel_logout_uri);
    expect(await exec(exampleId, 'node', '--eval', get(`${origin}/live`))).toContain('live');
  });
});
