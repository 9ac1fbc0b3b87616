import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, createBrowser } from '@latchkey/person';
import { ProblemError } from '@latchkey/service-kit';
import { partner, type Shared, type ShopService, type ShownSpan, tokenAttributes } from './api.ts';
import type { DemoContext } from './context.ts';
import { browse } from './outgoing.ts';
import type { Spans } from './spans.ts';

/** Services report within 150 ms. */
const maxReportMs = 3000;

/**
 * Signs a person in at gift-ideas and allows what it asks for, as their browser would. `open` shows its page again, for
 * which it asks wishlist and cart; false when the person is no longer signed in there.
 *
 * @throws {ProblemError} 502 `partner_unavailable` when it does not answer, or not with its page; so does `open`
 */
export async function visitGiftIdeas(
  { username, password }: { username: string; password: string },
  { giftIdeas, insideOf }: Pick<DemoContext, 'giftIdeas' | 'insideOf'>,
) {
  const browser = createBrowser({ fetch: (url, init) => browse(url, init, insideOf) });
  const open = async () => isSignedIn(await browser.open(`${giftIdeas}/`).catch(throwUnavailable));
  try {
    await browser.open(`${giftIdeas}/sign-in`);
    const answered = await browser.submit({ action: 'sign_in', username, password });
    // Who has allowed it before is not asked again.
    const page = isSignedIn(answered) ? answered : await browser.submit({ action: 'allow' });
    if (!isSignedIn(page))
      throw new Error(`the sign-in ended at ${new URL(page.url).origin}: ${page.status}`);
  } catch (cause) {
    throwUnavailable(cause);
  }
  return { open };
}

function throwUnavailable(cause: unknown): never {
  const detail = 'gift-ideas does not answer, or could not sign the person in.';
  throw new ProblemError({ status: 502, code: 'partner_unavailable', detail, cause });
}

/** Its page has a form to sign out only for who is signed in. */
function isSignedIn({ text }: Awaited<ReturnType<Browser['open']>>): boolean {
  return text.includes('action="/sign-out"');
}

/**
 * What services reported about gift-ideas in a trace: the latest of cart and wishlist. Waits until `isWhole`, or until
 * nothing more can be expected.
 */
export async function reportsOf(
  spans: Spans,
  { traceId, isWhole }: { traceId: string; isWhole: (shared: Shared) => boolean },
): Promise<Shared> {
  const latest = new Map<ShopService, ShownSpan>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const unfollow = spans.follow(traceId.slice(0, 16), (span) => {
    const service = span.service as ShopService;
    const isAsked = service === 'cart-service' || service === 'wishlist-service';
    if (span.trace_id !== traceId || span.kind !== 'server' || !isAsked) return;
    if ((latest.get(service)?.start_ms ?? 0) <= span.start_ms) latest.set(service, span);
    if (isWhole(sharedOf(latest))) resolve();
  });
  await Promise.race([promise, delay(maxReportMs, undefined, { ref: false })]);
  unfollow();
  return sharedOf(latest);
}

function sharedOf(latest: ReadonlyMap<ShopService, ShownSpan>): Shared {
  const all = [...latest].toSorted(([a], [b]) => a.localeCompare(b));
  const own = all.find(([, { attributes }]) => attributes[tokenAttributes.client] === partner);
  const text = (span: ShownSpan | undefined, name: string) => {
    const value = span?.attributes[name];
    return typeof value === 'string' ? value : null;
  };
  return {
    scope: text(own?.[1], tokenAttributes.scope),
    verdicts: all.map(([service, span]) => ({
      service,
      status: span.status ?? 0,
      code: null,
      // `revoked: consent_withdrawn`
      reason: text(span, tokenAttributes.refusedBy)?.split('revoked: ')[1] ?? null,
    })),
  };
}
