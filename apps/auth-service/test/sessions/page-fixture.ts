import type { Service } from '@latchkey/service-kit';
import { expect } from 'vitest';
import {
  type Browser,
  createBrowser,
  createFlow,
  nextPage,
  returned,
  somebody,
} from '../oauth/authorization/authorization-fixture.ts';
import { storefrontOrigin, type Tokens, testPassword } from '../support/auth-app.ts';

export const redirect_uri = `${storefrontOrigin}/`;

type Answer = Awaited<ReturnType<Service['inject']>>;

/** What the answer sets is in the browser from then on. */
export function keep(browser: Browser, answer: Answer): Answer {
  for (const { name, value } of answer.cookies) browser.cookies.set(name, value);
  return answer;
}

/** People who sign in to the shop's page at the pages of this auth-service. */
export function pageOf(app: Service) {
  /** A flow of the page, which asks for everything that the person may do. */
  function pageFlow(more: Record<string, string> = {}) {
    const flow = createFlow('storefront', { redirect_uri, scope: '', ...more });
    const redeemAtPage = (
      browser: Browser,
      code: string,
      changes: Record<string, unknown> = {},
      headers: Record<string, string> = { origin: storefrontOrigin },
    ) =>
      app.inject({
        method: 'POST',
        url: '/sessions/code',
        payload: { client_id: 'storefront', code, redirect_uri, code_verifier: flow.verifier, ...changes },
        cookies: Object.fromEntries(browser.cookies),
        headers,
      });
    return { ...flow, redeemAtPage };
  }

  async function aCode(more: Record<string, string> = {}) {
    const browser = createBrowser(app);
    const flow = pageFlow(more);
    const username = await somebody(app);
    const page = nextPage(await browser.get(flow.url));
    await browser.post(page, { action: 'sign_in', username, password: testPassword });
    const { code = '' } = returned(await browser.get(page), redirect_uri);
    return { browser, flow, code, username };
  }

  /** Somebody who has signed in, with their browser. */
  async function aSession() {
    const { browser, flow, code, username } = await aCode();
    const answer = keep(browser, await flow.redeemAtPage(browser, code));
    expect(answer.statusCode).toBe(201);
    return { browser, username, ...answer.json<Tokens>() };
  }

  /** Continues the session of this browser. */
  const byCookie = (browser: Browser) =>
    app.inject({
      method: 'POST',
      url: '/sessions/refresh',
      payload: { client_id: 'storefront' },
      cookies: Object.fromEntries(browser.cookies),
      headers: { origin: storefrontOrigin },
    });

  return { pageFlow, aCode, aSession, byCookie };
}
