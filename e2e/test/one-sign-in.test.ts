import type { Stack } from '@latchkey/dev-stack';
import { ask, refreshing, send, type Tokens } from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';
import { signIn, it as test } from './system.ts';

let stack: Stack;
test.beforeAll(({ sharedStack }) => {
  stack = sharedStack;
});

const shops = { cart: '/cart', wishlist: '/wishlist', payment: '/payments' } as const;

async function statusesWith(token: string): Promise<number[]> {
  const { services } = stack;
  return Promise.all(
    Object.entries(shops).map(async ([name, path]) => {
      const { url } = services[name as keyof typeof shops];
      return (await send(url, { path, token })).status;
    }),
  );
}

const refresh = async (token: string) => (await ask(stack.services.auth.url, refreshing(token))) as Tokens;

test('one sign-in serves cart, wishlist and payment, and so does each token refreshed from it', async () => {
  const tokens = await signIn(stack);
  expect(await statusesWith(tokens.access_token)).toEqual([200, 200, 200]);
  const next = await refresh(tokens.refresh_token);
  expect(await statusesWith(next.access_token)).toEqual([200, 200, 200]);
});

test('a sign-in survives a restart of auth-service, and a used refresh token is still refused', async () => {
  const { auth } = stack.services;
  const tokens = await signIn(stack);
  const next = await refresh(tokens.refresh_token);
  await auth.stop();
  // The services verify tokens by themselves, so they go on.
  expect(await statusesWith(next.access_token)).toEqual([200, 200, 200]);
  await auth.start();
  const after = await refresh(next.refresh_token);
  expect(await statusesWith(after.access_token)).toEqual([200, 200, 200]);
  for (const { refresh_token } of [tokens, after])
    expect((await send(auth.url, refreshing(refresh_token))).status).toBe(400);
});

test('the signing key rotates while requests flow, and none is refused', async () => {
  const admin = await signIn(stack, 'admin');
  const rotate = () =>
    send(stack.services.auth.url, {
      method: 'POST',
      path: '/keys/rotation',
      token: admin.access_token,
    });

  let token = (await signIn(stack)).access_token;
  let flowing = true;
  const answers = new Map<number, number>();
  const traffic = Array.from({ length: 4 }, async () => {
    while (flowing) {
      for (const status of await statusesWith(token)) answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  });

  const statuses = new Set<number>();
  const kids = new Set<string>();
  for (let rotation = 0; rotation < 2; rotation++) {
    const before = kidOf(token);
    kids.add(before);
    // The answer is 409 until the next key has been published for long enough.
    await eventually('the signing key is rotated', async () => {
      const { status } = await rotate();
      statuses.add(status);
      expect(status).toBe(200);
    });
    expect([200, 409]).toEqual(expect.arrayContaining([...statuses]));
    token = (await signIn(stack)).access_token;
    expect(kidOf(token)).not.toBe(before);
  }
  kids.add(kidOf(token));
  const soFar = answers.get(200) ?? 0;
  await eventually('many more requests are answered', () =>
    expect(answers.get(200)).toBeGreaterThan(soFar + 200),
  );
  flowing = false;
  await Promise.all(traffic);

  expect(kids.size).toBe(3);
  expect([...answers.keys()]).toEqual([200]);
});

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}

const read = async (url: string) => (await (await fetch(url)).json()) as Record<string, unknown>;

test('a client that knows one service alone finds auth-service and all that it needs', async () => {
  for (const key of ['cart', 'wishlist', 'payment'] as const) {
    const url = stack.services[key].url.replace('127.0.0.1', 'localhost');
    const refused = await fetch(`${url}/${key === 'payment' ? 'payments' : key}`);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    const [, document = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    const resource = await read(document);
    expect(resource).toMatchObject({ resource: url, authorization_servers: [stack.issuer] });
    const server = await read(`${stack.issuer}/.well-known/oauth-authorization-server`);
    expect(server['scopes_supported']).toEqual(
      expect.arrayContaining(resource['scopes_supported'] as string[]),
    );
  }
});
