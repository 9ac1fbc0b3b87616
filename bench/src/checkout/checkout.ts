import { startStack } from '@latchkey/dev-stack';
import type { Benchmark, BenchmarkContext, Measurement } from '../benchmark.ts';
import { createTemporaryDirectory } from '../processes/temporary-directory.ts';
import { percentile, spreadOf } from '../statistics.ts';
import { authRequests, requestsBetween } from './auth-requests.ts';
import { type Buyer, signInBuyers } from './buyers.ts';
import { type HopLatency, measureHop } from './hop-latency.ts';

const buyerCount = 50;
const checkouts = 1000;
/** Buyers who check out at the same time. Few: the latency is to be the services', not that of a queue. */
const together = 4;
const plans = { full: { hopRounds: 20 }, quick: { hopRounds: 6 } };

/** (5) What acting for people costs: what auth-service is asked for, and how much longer a call takes. */
export const checkout: Benchmark = {
  name: 'checkout',
  title: 'Checkouts on the user’s behalf',
  seconds: { full: 20, quick: 18 },
  run,
};

async function run({ quick, progress, signal }: BenchmarkContext): Promise<Measurement> {
  const plan = quick ? plans.quick : plans.full;
  progress.step('starting the whole system');
  await using directory = await createTemporaryDirectory();
  const stack = await startStack({ directory: directory.path, ports: 'random', durable: false, signal });
  await using _ = { [Symbol.asyncDispose]: () => stack.stop() };
  progress.step(`signing ${buyerCount} people in`);
  const buyers = await signInBuyers(stack, buyerCount);
  const { auth } = stack.services;

  // Nothing is warm, and no token is kept: the first checkout of each belongs to the thousand.
  const before = await authRequests(auth.url);
  const payments: number[] = [];
  for (let done = 0; done < checkouts; done += buyerCount) {
    signal.throwIfAborted();
    progress.step(`checkout ${done + 1} of ${checkouts.toLocaleString('en')}`);
    payments.push(...(await checkOutOnceEach(buyers)));
  }
  const requests = requestsBetween(before, await authRequests(auth.url));
  signal.throwIfAborted();
  progress.step('calling cart-service on behalf of people, and directly');
  const latencies = await measureHop(stack, { buyers, rounds: plan.hopRounds });
  return measurementOf({ requests, payments, latencies });
}

async function checkOutOnceEach(buyers: readonly Buyer[]): Promise<number[]> {
  const waiting = buyers.values();
  const elapsed: number[] = [];
  const work = async () => {
    for (const buyer of waiting) elapsed.push(await buyer.checkOut());
  };
  await Promise.all(Array.from({ length: together }, work));
  return elapsed;
}

type Measured = {
  readonly requests: ReadonlyMap<string, number>;
  readonly payments: readonly number[];
  readonly latencies: readonly HopLatency[];
};

function measurementOf({ requests, payments, latencies }: Measured): Measurement {
  const all = [...requests.values()].reduce((sum, count) => sum + count, 0);
  const tokens = requests.get('POST /token') ?? 0;
  const others = [...requests].filter(([name]) => name !== 'POST /token');
  const kept = latencies.flatMap((latency) => latency.kept);
  const direct = latencies.flatMap((latency) => latency.direct);
  const exchanged = latencies.map((latency) => latency.exchanged);
  return {
    figures: [
      {
        name: `requests to auth-service for ${checkouts.toLocaleString('en')} checkouts of ${buyerCount} people`,
        values: [all],
        unit: 'count',
        bound: { everyAtMost: 150 },
      },
      {
        name: 'added to a call by acting for the user, kept token, median',
        values: latencies.map((each) => spreadOf(each.kept).median - spreadOf(each.direct).median),
        unit: 'ms',
      },
      { name: '· p99', values: [percentile(kept, 0.99) - percentile(direct, 0.99)], unit: 'ms' },
    ],
    details: [
      `auth-service was asked for a token ${tokens} times, and besides: ${listOf(others)}`,
      `POST /payments, ${together} at a time, which calls cart-service twice: ${timesOf(payments)}`,
      `GET /cart on the user's behalf, kept token: ${timesOf(kept)}`,
      `GET /cart directly, from the same process, in turn: ${timesOf(direct)}`,
      `GET /cart on the user's behalf, token exchanged first: ${timesOf(exchanged)}`,
      `${kept.length.toLocaleString('en')} calls of each, one at a time; a round is one person's, of the difference of both medians`,
      'its p99 is the difference of the two p99s, and can be below zero: what disturbs a machine weighs more than what is added',
    ],
  };
}

function timesOf(values: readonly number[]): string {
  return `median ${spreadOf(values).median.toFixed(2)} ms, p99 ${percentile(values, 0.99).toFixed(2)} ms`;
}

function listOf(requests: readonly (readonly [string, number])[]): string {
  return requests.map(([name, count]) => `${count} × ${name}`).join(', ') || 'nothing';
}
