import { signInAtExampleId, startExampleId } from '@latchkey/example-id';
import { forThisFile } from '@latchkey/testing';
import {
  type Browser,
  createFlow,
  nextPage,
  returned,
} from '../oauth/authorization/authorization-fixture.ts';
import { testIssuer } from '../support/auth-app.ts';

export const callbackOf = (provider: string) => `${testIssuer}/providers/${provider}/callback`;

/** Starts Example ID for the tests of a file, and the setting by which auth-service knows it. */
export async function startProvider(more: Record<string, unknown> = {}) {
  const client = {
    client_id: 'latchkey',
    client_secret: 'a secret of the test',
    redirect_uris: [callbackOf('example')],
  };
  const exampleId = await forThisFile(startExampleId({ clients: [client] }));
  const { client_id, client_secret } = client;
  const setting = {
    id: 'example',
    name: 'Example ID',
    issuer: exampleId.issuer,
    client_id,
    client_secret,
    ...more,
  };
  return { exampleId, setting, env: { IDENTITY_PROVIDERS: JSON.stringify([setting]) } };
}

type Person = Parameters<typeof signInAtExampleId>[1];

/** From the page of a request to the provider: the address there. */
export async function leave(browser: Browser, url: string, provider = 'example'): Promise<string> {
  const page = nextPage(await browser.get(url));
  const id = page.split('/').at(-1) ?? '';
  const answer = await browser.get(`/providers/${provider}/sign-in?request=${id}`);
  if (answer.statusCode !== 303) throw new Error(`${answer.statusCode}: ${answer.body}`);
  return String(answer.headers.location);
}

/** Signs in at Example ID for a request. Resolves to the page of the request. */
export async function signInElsewhere(
  browser: Browser,
  url: string,
  person: Person,
  visit?: Parameters<typeof signInAtExampleId>[2],
): Promise<string> {
  const answer = await signInAtExampleId(await leave(browser, url), person, visit);
  return nextPage(await browser.get(answer.url));
}

/** Goes through a whole flow with Example ID, with consent, to the tokens. */
export async function tokensOf(
  browser: Browser,
  of: {
    readonly client: string;
    readonly person: Person;
    readonly visit?: Parameters<typeof signInAtExampleId>[2];
  },
  changes: Record<string, string> = {},
) {
  const flow = createFlow(of.client, changes);
  const page = await signInElsewhere(browser, flow.url, of.person, of.visit);
  await browser.post(page, { action: 'allow' });
  const answer = returned(await browser.get(page));
  return { flow, answer };
}
