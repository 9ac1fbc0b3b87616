import type { RevocationBatch } from '../log/revocation-log.ts';
import { type FeedMessage, feedMessage } from './message.ts';
import type { SecurityEvents } from './security-event.ts';

/** Some 6 MB. When all subscribers catch up at once, they are about as far as each other. */
const MOST_PAGES = 64;

export type SignedPages = ReturnType<typeof createSignedPages>;

/**
 * Signs what subscribers catch up with. Pages are kept for a while, so that many who come back at the same moment, after
 * a restart, say, share them: entries never change, so two positions say what is between them.
 */
export function createSignedPages(events: SecurityEvents, { signingKid }: { signingKid: () => string }) {
  const pages = new Map<string, Promise<FeedMessage>>();
  let kid: string | undefined;

  function remember(name: string, sign: () => Promise<FeedMessage>): Promise<FeedMessage> {
    const known = pages.get(name);
    if (known !== undefined) return known;
    const page = sign();
    pages.set(name, page);
    page.catch(() => pages.delete(name));
    const [oldest] = pages.keys();
    if (pages.size > MOST_PAGES && oldest !== undefined) pages.delete(oldest);
    return page;
  }

  return {
    /** The message for a page that was read: `snapshot` or, to who missed just this, `revocations`. */
    async sign(
      page: RevocationBatch,
      as: { readonly isSnapshot: boolean; readonly isLast: boolean },
    ): Promise<FeedMessage> {
      // What a revoked key signed would be refused.
      if (kid !== signingKid()) pages.clear();
      kid = signingKid();
      const name = [as.isSnapshot, as.isSnapshot && as.isLast, ...page.after, ...page.upTo].join(' ');
      return remember(name, async () =>
        as.isSnapshot
          ? feedMessage('snapshot', page, await events.snapshot(page, { done: as.isLast }))
          : feedMessage('revocations', page, await events.revocations(page)),
      );
    },
  };
}
