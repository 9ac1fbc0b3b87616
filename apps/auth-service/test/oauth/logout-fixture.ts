import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { type AuthApp, decode } from '../support/auth-app.ts';
import {
  type Application,
  authorize,
  type Browser,
  createFlow,
  registerApplication,
  returned,
} from './authorization/authorization-fixture.ts';

export const afterwards = 'https://app.example/bye';

/** An application that hears of ended sessions. `statuses`: its answers, the last one for good. */
export async function startApplication(auth: AuthApp, ...statuses: number[]) {
  const heard: Record<string, unknown>[] = [];
  const tokens: string[] = [];
  const server = createServer(async (request, response) => {
    const token = new URLSearchParams(await text(request)).get('logout_token') ?? '';
    tokens.push(token);
    heard.push({ ...decode(token).claims, typ: decode(token).header['typ'] });
    response.writeHead((statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const application = await registerApplication(auth, {
    // So that a token with the wrong subject is noticed.
    subject_type: 'pairwise',
    post_logout_redirect_uris: [afterwards],
    backchannel_logout_uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout`,
  });
  return { ...application, heard, tokens };
}

export async function signInTo({ app }: AuthApp, browser: Browser, of: Application & { username: string }) {
  const flow = createFlow(of.id, { scope: 'openid offline_access' });
  const { code = '' } = await authorize(browser, flow, of.username);
  const tokens = (await flow.redeem(app, code)).json();
  return { ...tokens, claims: decode(tokens.id_token).claims } as {
    access_token: string;
    refresh_token: string;
    id_token: string;
    claims: Record<string, unknown>;
  };
}

export const endSession = (parameters: Record<string, string>) =>
  `/end-session?${new URLSearchParams(parameters)}`;

export const isSignedIn = async (browser: Browser, { id }: Application) =>
  returned(await browser.get(createFlow(id, { prompt: 'none' }).url))['error'] !== 'login_required';
