import { Latencies } from '../../generator/latencies.ts';
import { medianOf } from '../../report/statistics.ts';
import { checkout } from '../../scenarios/checkout.ts';
import type { World } from '../../scenarios/scenario.ts';
import type { Context, SectionResult } from '../../section.ts';
import { startSessions } from '../../system/people.ts';
import { countRequests, requestsBetween } from './auth-requests.ts';
import { type HopLatency, measureHop } from './hop-latency.ts';

const buyerCount = 50;
const checkouts = 1000;
/** Not counted, because services fetch the keys at intervals, however many people buy. */
const keySet = 'GET /.well-known/jwks.json';
/** Few, so that no time in a queue is measured. */
const together = 4;
const hopRounds = 20;

/** Measures the cost of acting for people: the requests to auth-service, and the time added to a call. */
export async function measureActing(context: Context): Promise<SectionResult> {
  const { world, tell } = context;
  const { auth } = world.http;
  tell(`signing ${buyerCount} people in`);
  // None of their tokens has been exchanged yet, so the first exchange for each person is counted, too.
  const buyers: World = { ...world, people: await startSessions(auth, world.people, buyerCount) };
  await checkout.prepare?.(buyers);
  const countNow = async () => countRequests(await auth.text({ path: '/metrics' }));
  const before = await countNow();
  await checkOut(buyers, context);
  const requests = requestsBetween(before, await countNow());
  tell('calling cart-service on behalf of people, and directly');
  return describe(requests, await measureHop(context, { people: buyers.people, rounds: hopRounds }));
}

async function checkOut(buyers: World, { tell, signal }: Context): Promise<void> {
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < checkouts) {
      signal.throwIfAborted();
      const index = begun;
      begun += 1;
      tell(`checkout ${begun} of ${checkouts.toLocaleString('en')}`);
      const outcome = await checkout.play(buyers, index);
      if (outcome !== 'ok') throw new Error(`A checkout ended otherwise: ${outcome}`);
    }
  };
  await Promise.all(Array.from({ length: together }, work));
}

function describe(requests: ReadonlyMap<string, number>, hops: readonly HopLatency[]): SectionResult {
  const sum = [...requests].reduce((total, [route, count]) => total + (route === keySet ? 0 : count), 0);
  const latencies = { exchanged: new Latencies(), kept: new Latencies(), direct: new Latencies() };
  for (const hop of hops)
    for (const name of ['exchanged', 'kept', 'direct'] as const)
      for (const ms of hop[name]) latencies[name].record(ms);
  const { exchanged, kept, direct } = latencies;
  const added = hops.map((hop) => medianOf(hop.kept) - medianOf(hop.direct));
  return {
    figures: [
      {
        name: `requests to auth-service for 1,000 checkouts of ${buyerCount} people`,
        against: 'one for each checkout',
        unit: '',
        values: [sum],
      },
      {
        name: 'added to a call by acting for the person',
        against: "the same call with the person's own token",
        unit: 'ms',
        values: added,
      },
      {
        name: 'first call for a person, token exchanged',
        unit: 'ms',
        values: hops.flatMap((hop) => hop.exchanged),
      },
    ],
    tables: [
      {
        title: 'GET /cart from one service to the other and back, ms',
        columns: ['how', 'calls', 'p50', 'p99'],
        rows: [
          [
            "with the person's own token, directly",
            direct.count,
            direct.percentile(50),
            direct.percentile(99),
          ],
          ['on their behalf, kept token', kept.count, kept.percentile(50), kept.percentile(99)],
          [
            'on their behalf, token exchanged first',
            exchanged.count,
            exchanged.percentile(50),
            exchanged.percentile(99),
          ],
        ],
      },
      {
        title: 'What auth-service was asked for by all checkouts',
        columns: ['route', 'requests'],
        rows: [...requests],
      },
    ],
    plots: [],
    notes: [
      `Nobody's token had been exchanged before; ${together} checkouts at a time, each of which calls cart-service twice.`,
      'Calls one at a time, from the same process and in turn; a value of what is added is the difference of the medians of one person.',
    ],
    invalid: [],
  };
}
