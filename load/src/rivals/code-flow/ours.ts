import { createHash, randomBytes } from 'node:crypto';
import type { Stack } from '@latchkey/dev-stack';
import { ask, signIn } from '@latchkey/person';
import type { Redis } from 'ioredis';
import type { Browser, Page, Place } from './browser.ts';
import { type Endpoints, type Flow, redirectUri, scope, signInWith } from './flow.ts';

type Account = { readonly username: string; readonly password: string };

/** Registers an application at ours, as an operator does. */
export async function registerAtOurs({ createAccounts, services, issuer }: Stack): Promise<Endpoints> {
  const operator = {
    username: `load-operator-${randomBytes(4).toString('hex')}`,
    password: randomBytes(18).toString('base64url'),
  };
  await createAccounts([{ ...operator, roles: ['admin'] }]);
  const { url } = services.auth;
  const { access_token: token } = await signIn(url, operator);
  const json = {
    name: 'Load test',
    redirect_uris: [redirectUri],
    scopes: scope.split(' '),
    token_endpoint_auth_method: 'none',
  };
  const { id } = await ask(url, { method: 'POST', path: '/clients', token, json });
  return { clientId: String(id), authorization: `${issuer}/authorize`, token: `${issuer}/token` };
}

/** Takes a person through our pages: they type their password, and allow what is asked. */
export function throughOurPages(browser: Browser, { username, password }: Account) {
  return async ({ location }: Page): Promise<Page> => {
    await browser.visit(location, { action: 'sign_in', username, password });
    await browser.visit(location, { action: 'allow' });
    return browser.visit(location);
  };
}

/**
 * What flows of one browser leave in Redis, by MEMORY USAGE of the keys that name them, in bytes of each flow. `code`:
 * the request and the code. `session`: its session. `login`: what the login and the person's lists have grown by.
 */
export async function weighFlows(
  endpoints: Endpoints,
  of: { readonly browser: Browser; readonly place: Place; readonly redis: Redis; readonly count: number },
) {
  const { browser, redis, count } = of;
  const claimsOf = ({ idToken }: Flow) =>
    JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString());
  const first = await signInWith(endpoints, of);
  const logins = [...browser.cookies.values()].map((id) =>
    createHash('sha256').update(id).digest('base64url'),
  );
  const lasting = [...logins, String(claimsOf(first).sub)];
  const before = await bytesOf(lasting);
  const keysBefore = new Set(await redis.keys('*:request'));
  const flows: Flow[] = [];
  for (let flow = 0; flow < count; flow += 1) flows.push(await signInWith(endpoints, of));
  const codes = flows.map(({ code }) => withoutShard(code));
  const sessions = flows.map((flow) => withoutShard(String(claimsOf(flow).sid)));

  return {
    async look() {
      const requests = (await redis.keys('*:request')).filter((key) => !keysBefore.has(key));
      return {
        code: ((await bytesOf(codes)) + (await weigh(requests))) / count,
        session: (await bytesOf(sessions)) / count,
        login: ((await bytesOf(lasting)) - before) / count,
      };
    },
  };

  /** Reads all keys, so that it misses none. */
  async function bytesOf(names: readonly string[]): Promise<number> {
    return weigh((await redis.keys('*')).filter((key) => names.some((name) => key.includes(name))));
  }

  async function weigh(keys: readonly string[]): Promise<number> {
    const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
    return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
  }
}

function withoutShard(id: string): string {
  return id.slice(id.indexOf('-') + 1);
}
