import { devices, refreshingAtOurs } from '../experiments/refresh-rate.ts';
import { type Device, type Repeated, repeatFor } from '../experiments/repeat.ts';
import { type Contender, playRounds } from '../experiments/rounds.ts';
import { startMeasuredServer } from '../processes/measured-server.ts';
import type { Context, SectionResult } from '../section.ts';
import { createHttp, type Http } from '../system/http.ts';
import { besideRival } from './beside-rival.ts';

const plans = {
  full: { rounds: 5, seconds: 4, warmUpSeconds: 3 },
  quick: { rounds: 2, seconds: 1, warmUpSeconds: 0.7 },
};

/** Compares refreshes at ours and at node-oidc-provider: both use the same Redis, sign once, and rotate the token. */
export async function compareRefreshes(context: Context): Promise<SectionResult> {
  const { system, redis, signal } = context;
  if (redis === undefined || system.stack === undefined)
    throw new Error('Refreshes can be compared beside a system of our own only.');
  await using server = await startMeasuredServer({
    script: new URL('./servers/node-oidc-provider.ts', import.meta.url),
    args: [String(devices)],
    env: { NODE_ENV: 'production', REDIS_URL: system.stack.redis.url },
    signal,
  });
  const http = createHttp(server.url);
  await using _http = { [Symbol.asyncDispose]: () => http.close() };
  const own = await signedInAt(http);
  const contenders: Contender<Repeated>[] = [
    refreshingAtOurs(context),
    {
      name: 'node-oidc-provider',
      rounds: [],
      play: (seconds) => repeatFor(seconds, { own, redis, cpuSeconds: () => server.cpuSeconds() }),
    },
  ];
  await playRounds(contenders, context.quick ? plans.quick : plans.full, context);
  return {
    ...besideRival(contenders, {
      one: 'refresh',
      many: 'refreshes',
      title: `Refreshes, ${devices} devices at a time`,
    }),
    notes: [
      'Refreshes: both rotate the refresh token, sign one RS256 access token and use the same Redis (append-only file); node-oidc-provider keeps its state as the adapter in its own examples does, writes no log, and gives no ID token.',
    ],
    invalid: [],
  };
}

async function signedInAt(http: Http): Promise<Device[]> {
  const { body } = await http.request({ path: '/refresh-tokens' });
  const tokens = body['refreshTokens'] as readonly string[];
  return tokens.map((first): Device => {
    let token = first;
    return async () => {
      const form = { grant_type: 'refresh_token', client_id: 'app', refresh_token: token };
      const { status, body: answer } = await http.request({ method: 'POST', path: '/token', form });
      const next = answer['refresh_token'];
      const isJwt = String(answer['access_token']).split('.').length === 3;
      if (status !== 200 || typeof next !== 'string' || next === token || !isJwt)
        throw new Error(`node-oidc-provider answered a refresh with ${status}: ${JSON.stringify(answer)}`);
      token = next;
    };
  });
}
