import { seededPeople, signInAtExampleId } from '@latchkey/example-id';
import type { Service } from '@latchkey/service-kit';
import { eventually, forThisFile } from '@latchkey/testing';
import { afterAll, expect, test } from 'vitest';
import { leave, startProvider } from '../../federation/federation-fixture.ts';
import { connect } from '../../sessions/session-fixture.ts';
import { impatient, postForm, startAuthApp } from '../../support/auth-app.ts';
import { createBrowser, createFlow, nextPage, registerApplication } from './authorization-fixture.ts';

type Answer = Awaited<ReturnType<Service['inject']>>;

const provider = await startProvider();
const auth = await forThisFile(startAuthApp({ env: provider.env }));
const app = await auth.startReplica(impatient);
const application = await registerApplication(auth);
const admin = connect(auth.redis.url);
afterAll(() => admin.disconnect());

/** What somebody does once, without being signed in. Each uses something up in Redis, or changes it. */
async function steps(): Promise<Record<string, { send: () => Promise<Answer>; status: number }>> {
  const form = (url: string, parameters: Record<string, string>) => postForm(app, { url, parameters });
  // Answered at once, because nobody is signed in.
  const silent = createFlow(application.id, { prompt: 'none' });
  const pushed = await form('/par', silent.parameters);
  expect(pushed.statusCode).toBe(201);
  const { request_uri } = pushed.json();
  const query = new URLSearchParams({ client_id: application.id, request_uri });
  const denying = createBrowser(app);
  const page = nextPage(await denying.get(createFlow(application.id).url));
  const [returning, posting] = [createBrowser(app), createBrowser(app)];
  const from = async (browser: typeof returning) =>
    signInAtExampleId(await leave(browser, createFlow(application.id).url), seededPeople[0]);
  const [back, posted] = [await from(returning), await from(posting)];
  const answer = Object.fromEntries(new URL(posted.url).searchParams);
  return {
    'a pushed request': { send: () => createBrowser(app).get(`/authorize?${query}`), status: 303 },
    'a refusal on a page': { send: () => denying.post(page, { action: 'deny' }), status: 303 },
    'GET /providers/…/callback': { send: () => returning.get(back.url), status: 303 },
    'POST /providers/…/callback': { send: () => form('/providers/example/callback', answer), status: 303 },
  };
}

test('what was given up while Redis carried out no writes has no effect later, so it can be repeated', async () => {
  const all = Object.entries(await eventually('all is prepared', steps));
  await admin.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
  const answers = await Promise.all(
    all.map(async ([name, { send }]) => {
      const { statusCode, headers } = await send();
      return [name, statusCode, headers['retry-after']];
    }),
  );
  // Redis now carries out what it has received.
  await admin.call('CLIENT', 'UNPAUSE');
  expect(answers).toEqual(all.map(([name]) => [name, 503, expect.any(String)]));
  for (const [name, { send, status }] of all)
    await eventually(`${name} succeeds`, async () =>
      expect([name, (await send()).statusCode]).toEqual([name, status]),
    );
});
