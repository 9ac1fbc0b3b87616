import { setTimeout as delay } from 'node:timers/promises';
import { evenArrivalsUntil } from '../../generator/arrivals.ts';
import type { GeneratorHealth } from '../../generator/health.ts';
import { Latencies } from '../../generator/latencies.ts';
import { type LoadResult, runOpenLoad } from '../../generator/open-load.ts';
import { expecting, personOf } from '../../scenarios/scenario.ts';
import type { Context, Section, SectionResult } from '../../section.ts';
import { freshen, type Session, startSessions } from '../../system/people.ts';
import { type Door, type SignOutWatched, watchSignOut } from './watch-sign-out.ts';

const plans = {
  /** `loads`: requests per second of other people at each service. `settleSeconds`: how long they flow beforehand. */
  full: { signOuts: 200, loads: [0, 200, 500], settleSeconds: 1 },
  quick: { signOuts: 10, loads: [0, 200], settleSeconds: 0.3 },
};
const services = [
  ['cart', '/cart'],
  ['wishlist', '/wishlist'],
  ['payment', '/payments'],
] as const;
/** The pause between two sign-outs, so that one does not affect the next. */
const pauseMs = 20;

/** Measures how long services accept a token after its sign-out, at several loads. */
export const latencySection: Section = {
  name: 'revocation',
  title: 'From sign-out to the first refusal',
  seconds: { full: 150, quick: 3 },
  run,
};

type Level = {
  readonly name: string;
  readonly byService: ReadonlyMap<string, Latencies>;
  readonly all: Latencies;
  readonly wronglyAccepted: number;
  /** The generator's health; undefined when there were no other requests. */
  readonly health: GeneratorHealth | undefined;
  readonly invalid: readonly string[];
};

async function run(context: Context): Promise<SectionResult> {
  const { world, quick, tell, signal } = context;
  const { signOuts, loads } = quick ? plans.quick : plans.full;
  const levels: Level[] = [];
  for (const perSecond of loads) {
    signal.throwIfAborted();
    tell('signing people in');
    const sessions = await startSessions(world.http.auth, world.people, signOuts);
    await freshen(world.http.auth, world.people);
    levels.push(await measure(perSecond, sessions, context));
  }
  return resultOf(levels, signOuts);
}

async function measure(perSecond: number, sessions: readonly Session[], context: Context): Promise<Level> {
  const { settleSeconds } = context.quick ? plans.quick : plans.full;
  const name = perSecond === 0 ? 'idle' : `${perSecond}/s`;
  const background = startBackground(perSecond, context);
  const watched: SignOutWatched[] = [];
  let others: LoadResult | undefined;
  try {
    await delay(settleSeconds * 1000, undefined, { signal: context.signal });
    for (const session of sessions) {
      context.signal.throwIfAborted();
      context.tell(`${name}: sign-out ${watched.length + 1} of ${sessions.length}`);
      watched.push(await signOutOf(session, context));
      await delay(pauseMs);
    }
  } finally {
    others = await background.stop();
  }
  const all = new Latencies();
  const byService = new Map(services.map(([service]) => [service as string, new Latencies()]));
  for (const { latencyMs } of watched) {
    for (const [service, ms] of latencyMs) {
      byService.get(service)?.record(ms);
      all.record(ms);
    }
  }
  const wronglyAccepted = watched.reduce((sum, each) => sum + each.wronglyAccepted, 0);
  const answers = [...(others?.faults ?? [])].map(
    ([fault, count]) => `${count} requests of others were answered ${fault}`,
  );
  const invalid = [...(others?.health.faults ?? []), ...answers];
  return { name, byService, all, wronglyAccepted, health: others?.health, invalid };
}

function signOutOf({ accessToken: token }: Session, { world }: Context): Promise<SignOutWatched> {
  const { http } = world;
  const doors = services.map(
    ([service, path]): Door => ({ service, ask: (request) => http[service].status({ path, ...request }) }),
  );
  return watchSignOut({
    doors,
    token,
    async signOut() {
      const status = await http.auth.status({ method: 'DELETE', path: '/sessions/current', token });
      if (status !== 204) throw new Error(`DELETE /sessions/current was answered ${status}`);
    },
  });
}

/** Sends requests of other people to every service. */
function startBackground(perSecond: number, { world, signal }: Context) {
  let isOver = false;
  const ask = async (index: number) => {
    const [service, path] = services[index % services.length] ?? services[0];
    const { accessToken: token } = personOf(world, Math.floor(index / services.length));
    return expecting(200, await world.http[service].status({ path, token }));
  };
  const arrivals = evenArrivalsUntil(perSecond * services.length, () => isOver);
  const running = perSecond === 0 ? undefined : runOpenLoad(ask, { arrivals, signal });
  return {
    async stop(): Promise<LoadResult | undefined> {
      isOver = true;
      return running;
    },
  };
}

function resultOf(levels: readonly Level[], signOuts: number): SectionResult {
  return {
    figures: [
      ...levels.flatMap(({ name, byService }) =>
        [50, 99].map((percent) => ({
          name: `revocation p${percent}, ${name}`,
          unit: 'ms' as const,
          values: [...byService.values()].map((latencies) => latencies.percentile(percent)),
        })),
      ),
      {
        name: 'accepted after the first refusal',
        unit: '',
        values: [levels.reduce((sum, { wronglyAccepted }) => sum + wronglyAccepted, 0)],
      },
    ],
    tables: [
      {
        title: 'From the answer to the sign-out until the first 401 has come, ms',
        columns: ['other requests, each service', 'service', 'sign-outs', 'p50', 'p90', 'p99', 'max'],
        rows: levels.flatMap(({ name, byService }) =>
          [...byService].map(([service, latencies]) => {
            const { count, p50, p90, p99, max } = latencies.summary();
            return [name, service, count, ...[p50, p90, p99, max].map((ms) => Number(ms.toPrecision(3)))];
          }),
        ),
      },
    ],
    plots: [
      {
        title: 'From the answer to the sign-out until the first 401, by percentile',
        x: { title: 'share of sign-outs that take longer, %', isLogarithmic: true },
        y: { title: 'ms', isLogarithmic: true },
        series: levels.map(({ name, all }) => ({
          name,
          points: all.curve().map(([percent, ms]) => [100 - percent, ms] as const),
        })),
      },
    ],
    notes: [
      `${signOuts} sign-outs at each load, one after the other. Every service is asked with the token in question, one request after the other, from before the sign-out until five answers after the first refusal: a time is read to within one answer.`,
      'A figure has a value for each service.',
      'Idle means that nobody else asks anything.',
      'The clock starts when the answer to DELETE /sessions/current has come. A service that has refused by then counts as 0.001 ms.',
    ],
    health: levels.flatMap(({ name, health }) =>
      health === undefined ? [] : [{ during: `sign-outs, ${name}`, health }],
    ),
    invalid: levels.flatMap(({ name, invalid }) => invalid.map((text) => `${name}: ${text}`)),
  };
}
