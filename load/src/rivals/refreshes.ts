import type { Redis } from 'ioredis';
import { startMeasuredServer } from '../processes/measured-server.ts';
import type { Context, SectionResult } from '../section.ts';
import { createHttp, type Http } from '../system/http.ts';
import { refresh } from '../system/people.ts';
import { cpuSecondsOf } from '../system/watch.ts';
import { type Contender, medianAndRange, playRounds, plotRounds, ratios } from './rounds.ts';

const plans = {
  full: { rounds: 5, seconds: 4, warmUpSeconds: 3 },
  quick: { rounds: 2, seconds: 1, warmUpSeconds: 0.7 },
};
/** As many refreshes are under way at any time. */
const devices = 32;

/** Somebody's device: takes the next tokens, or throws. */
type Device = () => Promise<void>;

type RefreshRound = {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly redisCommands: number;
  /** Keys that Redis has more than before, for each refresh. */
  readonly keysLeft: number;
};

const nothing: SectionResult = { figures: [], tables: [], plots: [], notes: [], invalid: [] };

/** Refreshes at ours and at node-oidc-provider: both with the same Redis, one signature, and rotation. */
export async function compareRefreshes(context: Context): Promise<SectionResult> {
  const { world, system, redis, signal } = context;
  if (redis === undefined || system.stack === undefined)
    return {
      ...nothing,
      notes: ['Refreshes were not compared: this needs the Redis of the run’s own system.'],
    };
  await using server = await startMeasuredServer({
    script: new URL('./servers/node-oidc-provider.ts', import.meta.url),
    args: [String(devices)],
    env: { NODE_ENV: 'production', REDIS_URL: system.stack.redis.url },
    signal,
  });
  const http = createHttp(server.url);
  await using _http = { [Symbol.asyncDispose]: () => http.close() };
  const theirs = await signedInAt(http);
  const ours = world.people.slice(0, devices).map(
    (person): Device =>
      async () => {
        const status = await refresh(world.http.auth, person);
        if (status !== 200) throw new Error(`auth-service answered a refresh with ${status}.`);
      },
  );
  const contender = (name: string, cpuSeconds: () => Promise<number>, own: readonly Device[]) => ({
    name,
    rounds: [],
    play: (seconds: number) => refreshFor(seconds, { devices: own, redis, cpuSeconds }),
  });
  const contenders: Contender<RefreshRound>[] = [
    contender('Latchkey', () => cpuSecondsOf(world.http.auth), ours),
    contender('node-oidc-provider', () => server.cpuSeconds(), theirs),
  ];
  await playRounds(contenders, context.quick ? plans.quick : plans.full, context);
  return describe(contenders);
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

async function refreshFor(
  seconds: number,
  side: { readonly devices: readonly Device[]; redis: Redis; cpuSeconds: () => Promise<number> },
): Promise<RefreshRound> {
  const look = async () => ({
    cpu: await side.cpuSeconds(),
    keys: await side.redis.dbsize(),
    commands: Number(/^total_commands_processed:(\d+)/m.exec(await side.redis.info('stats'))?.[1]),
  });
  const before = await look();
  const beganAt = performance.now();
  const endAt = beganAt + seconds * 1000;
  let count = 0;
  const keepRefreshing = async (device: Device): Promise<void> => {
    while (performance.now() < endAt) {
      await device();
      count += 1;
    }
  };
  await Promise.all(side.devices.map(keepRefreshing));
  const elapsedMs = performance.now() - beganAt;
  const after = await look();
  return {
    perSecond: (count * 1000) / elapsedMs,
    cpuMicroseconds: ((after.cpu - before.cpu) * 1e6) / count,
    redisCommands: (after.commands - before.commands) / count,
    keysLeft: (after.keys - before.keys) / count,
  };
}

function describe(contenders: readonly Contender<RefreshRound>[]): SectionResult {
  const values = (each: Contender<RefreshRound> | undefined, of: keyof RefreshRound) =>
    (each?.rounds ?? []).map((round) => round[of]);
  const [ours, theirs] = contenders;
  return {
    figures: [
      ...contenders.flatMap((each) => [
        { name: `refreshes/s: ${each.name}`, unit: '1/s' as const, values: values(each, 'perSecond') },
        {
          name: `CPU of a refresh: ${each.name}`,
          unit: 'CPU µs' as const,
          values: values(each, 'cpuMicroseconds'),
        },
      ]),
      {
        name: 'refreshes/s, ours against node-oidc-provider',
        unit: '',
        values: ratios(values(ours, 'perSecond'), values(theirs, 'perSecond')),
      },
      {
        name: 'refreshes for the same CPU, ours against node-oidc-provider',
        unit: '',
        values: ratios(values(theirs, 'cpuMicroseconds'), values(ours, 'cpuMicroseconds')),
      },
    ],
    tables: [
      {
        title: `Refreshes, ${devices} devices at a time`,
        columns: [
          'who',
          'refreshes/s',
          'lowest',
          'highest',
          'CPU µs each',
          'Redis commands each',
          'keys left by each',
        ],
        rows: contenders.map((each) => [
          each.name,
          ...medianAndRange(values(each, 'perSecond')),
          medianAndRange(values(each, 'cpuMicroseconds'))[0],
          medianAndRange(values(each, 'redisCommands'))[0],
          medianAndRange(values(each, 'keysLeft'))[0],
        ]),
      },
    ],
    plots: [
      plotRounds(contenders, { title: 'Refreshes', y: 'refreshes/s', of: ({ perSecond }) => perSecond }),
    ],
    notes: [
      'Refreshes: both rotate the refresh token, sign one RS256 access token and use the same Redis (append-only file); node-oidc-provider keeps its state as the adapter in its own examples does, writes no log, and gives no ID token.',
    ],
    invalid: [],
  };
}
