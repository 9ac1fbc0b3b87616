import { setTimeout as sleep } from 'node:timers/promises';
import { devices } from '../../experiments/refresh-rate.ts';
import { type Device, type Repeated, repeatFor } from '../../experiments/repeat.ts';
import { type Contender, playRounds } from '../../experiments/rounds.ts';
import { startMeasuredServer } from '../../processes/measured-server.ts';
import type { Context, Section, SectionResult } from '../../section.ts';
import { makeAccounts } from '../../system/accounts.ts';
import { cpuSecondsOf } from '../../system/watch.ts';
import { besideRival } from '../beside-rival.ts';
import { type Browser, createPlace, type Place } from './browser.ts';
import { type Endpoints, signInWith } from './flow.ts';
import { registerAtOurs, throughOurPages, weighFlows } from './ours.ts';

/**
 * A person has at most 100 sessions, and one of a code flow lives for five minutes. With this many people, nobody gets
 * more.
 */
const plans = {
  full: { rounds: 5, seconds: 4, warmUpSeconds: 3, people: 128, weighed: 50 },
  quick: { rounds: 2, seconds: 1, warmUpSeconds: 0.7, people: 32, weighed: 10 },
};
/** How long the session of such a flow lives: as long as its access token. */
const sessionMs = 300_000;

/** Compares code flows with an existing login at ours and at node-oidc-provider, and weighs what a flow leaves. */
export const codeFlowSection: Section = {
  name: 'code-flow',
  title: 'Code flows, ours beside node-oidc-provider',
  seconds: { full: 370, quick: 12 },
  needsOwnSystem: true,
  option: 'rivals',
  run,
};

async function run(context: Context): Promise<SectionResult> {
  const { system, redis, signal, world, quick, tell } = context;
  const { stack } = system;
  if (redis === undefined || stack === undefined)
    throw new Error('Code flows can be compared beside a system of our own only.');
  const { people, weighed, ...plan } = quick ? plans.quick : plans.full;
  await using server = await startMeasuredServer({
    script: new URL('../servers/node-oidc-provider.ts', import.meta.url),
    args: ['0'],
    env: { NODE_ENV: 'production', REDIS_URL: stack.redis.url },
    signal,
  });
  const [ours, theirs] = [createPlace(system.urls.auth), createPlace(server.url)];
  await using _places = {
    [Symbol.asyncDispose]: async () => void (await Promise.all([ours.close(), theirs.close()])),
  };

  tell('signing people in');
  const endpoints = await registerAtOurs(stack);
  const accounts = await makeAccounts(people + 1, { system, auth: world.http.auth });
  const signedInAtOurs = async (account: (typeof accounts)[number]) => {
    const browser = ours.createBrowser();
    await signInWith(endpoints, { browser, place: ours }, throughOurPages(browser, account));
    return browser;
  };
  const browsers: Browser[] = [];
  for (const account of accounts) browsers.push(await signedInAtOurs(account));
  const alone = browsers.pop() as Browser;
  const weights = await weighFlows(endpoints, { browser: alone, place: ours, redis, count: weighed });
  const weighedAt = performance.now();
  const atOnce = await weights.look();

  const provider = { clientId: 'app', authorization: `${server.url}/auth`, token: `${server.url}/token` };
  const others = browsers.map(() => theirs.createBrowser());
  for (const browser of others)
    await signInWith(provider, { browser, place: theirs }, async ({ location }) =>
      browser.visit((await browser.visit(location)).location),
    );

  const contenders: Contender<Repeated>[] = [
    {
      name: 'Latchkey',
      rounds: [],
      play: (seconds) =>
        repeatFor(seconds, {
          own: devicesOf(endpoints, { place: ours, browsers }),
          redis,
          cpuSeconds: () => cpuSecondsOf(world.http.auth),
        }),
    },
    {
      name: 'node-oidc-provider',
      rounds: [],
      play: (seconds) =>
        repeatFor(seconds, {
          own: devicesOf(provider, { place: theirs, browsers: others }),
          redis,
          cpuSeconds: () => server.cpuSeconds(),
        }),
    },
  ];
  await playRounds(contenders, plan, context);

  const beside = besideRival(contenders, {
    one: 'code flow',
    many: 'code flows',
    title: `Code flows with an existing login, ${devices} browsers at a time`,
  });
  const bytes = (name: string, value: number) => ({ name, unit: 'bytes' as const, values: [value] });
  const figures = [
    ...beside.figures,
    bytes('bytes of a code flow in Redis, at once: request and code', atOnce.code),
    bytes('bytes of a code flow in Redis, at once: session', atOnce.session),
  ];
  if (!quick) {
    tell('waiting until the sessions of these flows have come to their end');
    await sleep(Math.max(0, sessionMs + 2000 - (performance.now() - weighedAt)), undefined, { signal });
    const after = await weights.look();
    figures.push(
      bytes(
        'bytes of a code flow in Redis, after its end: request, code and session',
        after.code + after.session,
      ),
      bytes('bytes of a code flow in Redis, after its end: in its login', after.login),
    );
  }
  return {
    ...beside,
    figures,
    notes: [
      'A code flow: GET /authorize with a login and a consent, and POST /token with the code and the verifier (PKCE). Both give an RS256 access token and ID token, no refresh token, and use the same Redis (append-only file). node-oidc-provider keeps its state as the adapter in its own examples does, writes no log, and asks no database who the person is.',
      `Bytes: by MEMORY USAGE, of ${weighed} flows of one browser. At its end a code is older than a minute, and the session has come to the end of its access token. The login goes on, and names the sessions that began with it, so that their applications hear of a sign-out.`,
    ],
    invalid: [],
  };
}

/** Each has as many browsers to itself, and uses them in turn. */
function devicesOf(
  endpoints: Endpoints,
  { place, browsers }: { readonly place: Place; readonly browsers: readonly Browser[] },
): Device[] {
  return Array.from({ length: devices }, (_, device): Device => {
    const own = browsers.filter((_browser, index) => index % devices === device);
    let turn = 0;
    return async () => {
      const browser = own[turn++ % own.length] as Browser;
      await signInWith(endpoints, { browser, place });
    };
  });
}
