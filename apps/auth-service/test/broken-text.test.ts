import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AuthApp, bearer, startAuthApp } from './support/auth-app.ts';
import { createOperator, openDatabase } from './support/operator.ts';

let auth: AuthApp;
let headers: Record<string, string>;
let operations: { method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; path: string; type?: string }[];
beforeAll(async () => {
  auth = await startAuthApp();
  const database = openDatabase(auth);
  headers = bearer((await createOperator(auth, database)).access_token);
  await database.close();
  const { paths } = (await auth.app.inject({ url: '/docs/json' })).json();
  operations = Object.entries<Record<string, { requestBody?: { content: object } }>>(paths).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, { requestBody }]) => ({
        method: method.toUpperCase() as 'GET',
        path,
        ...(requestBody && { type: Object.keys(requestBody.content)[0] ?? '' }),
      })),
  );
});
afterAll(() => auth.stop());

const withParts = (path: string, part: string) => path.replaceAll(/\{[^}]+\}/g, part);

test('no route takes a URL that is not Unicode, and none fails on a NUL character', async () => {
  for (const { method, path } of operations) {
    // The first streams without end, and the others would sign the test out.
    if (['/revocations', '/sessions', '/sessions/current'].includes(path)) continue;
    const broken = await auth.app.inject({ method, headers, url: `${withParts(path, 'a')}?username=%ff` });
    expect([path, broken.statusCode]).toEqual([path, 400]);
    const nul = await auth.app.inject({ method, headers, url: `${withParts(path, '%00')}?username=%00` });
    expect([path, nul.statusCode < 500]).toEqual([path, true]);
  }
});

test('no route takes a body that is not Unicode', async () => {
  const withBody = operations.filter(({ type }) => type !== undefined);
  expect(withBody.length).toBeGreaterThan(10);
  for (const { method, path, type = '' } of withBody) {
    const payloads = type.endsWith('json')
      ? ['{"username":"\\ud800"}', Buffer.from([0x22, 0xff, 0x22])]
      : ['username=%ff', Buffer.from([0x61, 0x3d, 0xff])];
    for (const payload of payloads) {
      const url = withParts(path, 'a');
      const answer = await auth.app.inject({
        method,
        url,
        payload,
        headers: { ...headers, 'content-type': type },
      });
      const { code, error } = answer.json();
      expect([path, answer.statusCode, code ?? error]).toEqual([
        path,
        400,
        type.endsWith('json') ? 'malformed_body' : 'invalid_request',
      ]);
    }
  }
});
