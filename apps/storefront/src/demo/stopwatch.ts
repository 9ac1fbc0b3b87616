import { setTimeout as delay } from 'node:timers/promises';
import type { ShopService, Stopwatch, Verdict } from './api.ts';
import { withinTrace } from './outgoing.ts';
import { type ShopServices, shopServices, verdictOf } from './verdicts.ts';

const betweenMs = 2;
/** Spent only where nothing changes. */
const longestMs = 10_000;

/**
 * Does something that should change what services make of a token, and measures how long each takes to do so: from the
 * answer to the deed, until its verdict is another. Asks every few milliseconds, by requests of their own traces, so that
 * they do not bury what they are about.
 *
 * @example const { result, stopwatch } = await timed(services, token, () => signOut(token));
 */
export async function timed<T>(
  services: ShopServices,
  token: string,
  deed: () => Promise<T>,
): Promise<{ result: T; stopwatch: Stopwatch[] }> {
  const verdict = (service: ShopService) =>
    withinTrace(undefined, () => verdictOf(services, service, { token }));
  const before = await Promise.all(shopServices.map(verdict));
  const result = await deed();
  const began = performance.now();
  const stopwatch = await Promise.all(before.map((then) => untilChanged(then, { verdict, began })));
  return { result, stopwatch };
}

type Watch = { readonly verdict: (service: ShopService) => Promise<Verdict>; readonly began: number };

async function untilChanged(before: Verdict, { verdict, began }: Watch): Promise<Stopwatch> {
  const { service } = before;
  for (;;) {
    const after = await verdict(service);
    const elapsed = performance.now() - began;
    if (isOther(before, after)) return { service, before, after, elapsed_ms: Math.round(elapsed * 10) / 10 };
    // A token that was no good here before does not become worse; and from no verdict none can be told apart.
    const isInVain = before.status === 401 || !isVerdict(before);
    if (elapsed > longestMs || isInVain) return { service, before, after, elapsed_ms: null };
    await delay(betweenMs);
  }
}

function isOther(before: Verdict, after: Verdict): boolean {
  if (!isVerdict(before) || !isVerdict(after)) return false;
  return after.status !== before.status || after.code !== before.code;
}

/** A service that does not answer, or that something is wrong with, says nothing of the token. */
function isVerdict({ status }: Verdict): boolean {
  return status > 0 && status < 500;
}
