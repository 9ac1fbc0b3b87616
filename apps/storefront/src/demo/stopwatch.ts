import { setTimeout as delay } from 'node:timers/promises';
import type { ShopService, Stopwatch, Verdict } from './api.ts';
import { withinTrace } from './outgoing.ts';
import { type ShopServices, shopServices, verdictOf } from './verdicts.ts';

const betweenMs = 2;
/** The longest wait, reached only when no verdict changes. */
const maxMs = 10_000;

/**
 * Runs an action that should change the services' verdicts on a token. Measures, for each service, the milliseconds
 * from the answer to the action until its verdict changes. It polls every few milliseconds, with requests in separate
 * traces, so that they do not hide the action's own requests.
 *
 * @example const { result, stopwatch } = await timed(services, token, () => signOut(token));
 */
export async function timed<T>(
  services: ShopServices,
  token: string,
  action: () => Promise<T>,
): Promise<{ result: T; stopwatch: Stopwatch[] }> {
  const verdict = (service: ShopService) =>
    withinTrace(undefined, () => verdictOf(services, service, { token }));
  const before = await Promise.all(shopServices.map(verdict));
  const result = await action();
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
    if (isOther(before, after)) {
      const elapsed_ms = Math.round(elapsed * 10) / 10;
      return { service, before, after: await withReason(after, { verdict, began }), elapsed_ms };
    }
    // A verdict cannot change when the token was refused before, or when there was no verdict to compare with.
    const isInVain = before.status === 401 || !isVerdict(before);
    if (elapsed > maxMs || isInVain) return { service, before, after, elapsed_ms: null };
    await delay(betweenMs);
  }
}

/**
 * A service that fetched the keys in the moment between a key's revocation and the feed's message about it refuses the
 * key's tokens, and learns the reason from that message.
 */
async function withReason(refusal: Verdict, { verdict, began }: Watch): Promise<Verdict> {
  let latest = refusal;
  while (latest.status === 401 && latest.reason === null && performance.now() - began < maxMs) {
    await delay(betweenMs);
    const next = await verdict(refusal.service);
    if (next.status === refusal.status) latest = next;
  }
  return latest;
}

function isOther(before: Verdict, after: Verdict): boolean {
  if (!isVerdict(before) || !isVerdict(after)) return false;
  return after.status !== before.status || after.code !== before.code;
}

/** A missing answer or a 5xx is not a verdict on the token. */
function isVerdict({ status }: Verdict): boolean {
  return status > 0 && status < 500;
}
