import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ProblemError, type Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { partner, type Shared, type Sharing, type Stopwatch, type Timed } from './api.ts';
import { accountOf, type DemoContext, tags, tokenMember, usernameMember } from './context.ts';
import { reportsOf, visitGiftIdeas } from './gift-ideas.ts';
import { orPassOn, withinTrace } from './outgoing.ts';
import type { Spans } from './spans.ts';

type Visit = { readonly open: () => Promise<boolean>; readonly shared: Shared };

const betweenMs = 2;
/** The longest wait, reached only when gift-ideas goes on being served. */
const maxMs = 10_000;
/** Of so many people the demo keeps a browser at gift-ideas. */
const maxVisits = 100;

/** The routes by which a person shares what they may do with gift-ideas, and withdraws it. */
export async function sharingRoutes(app: Service, context: DemoContext & { spans: Spans }): Promise<void> {
  const { accounts, auth, giftIdeas, spans } = context;
  const visits = new Map<string, Visit>();

  app.get(
    '/sharing',
    { schema: { summary: 'Where browsers open gift-ideas', tags } },
    async (): Promise<Sharing> => ({ url: giftIdeas ?? null }),
  );

  app.post(
    '/sharing',
    {
      schema: {
        summary: 'Sign a person in at gift-ideas and allow what it asks for',
        tags,
        body: Type.Object(usernameMember),
      },
    },
    async (request, reply): Promise<Shared> => {
      const { username } = request.body;
      const { open } = await visitGiftIdeas(accountOf(accounts, username), context);
      const { traceId } = request.traceparent;
      const shared = await reportsOf(spans, { traceId, isWhole: ({ verdicts }) => verdicts.length === 2 });
      const [oldest] = visits.keys();
      if (visits.size >= maxVisits && oldest !== undefined) visits.delete(oldest);
      visits.set(username, { open, shared });
      reply.code(201);
      return shared;
    },
  );

  app.delete(
    '/sharing',
    {
      schema: {
        summary: 'Withdraw what the person of this token allowed gift-ideas',
        tags,
        body: Type.Object({ ...tokenMember, ...usernameMember }),
      },
    },
    async (request): Promise<Timed> => {
      const { username, access_token: token } = request.body;
      const visit = visits.get(username);
      if (visit === undefined) throw notShared();
      orPassOn(await auth.ask({ method: 'DELETE', path: `/account/consents/${partner}`, token }));
      const elapsed = await untilRefused(visit);
      visits.delete(username);
      return { stopwatch: elapsed };
    },
  );

  /** Has gift-ideas ask again and again, in a trace of its own, so that the lanes show the withdrawal. */
  async function untilRefused({ open, shared }: Visit): Promise<Stopwatch[]> {
    const began = performance.now();
    const traceId = randomBytes(16).toString('hex');
    const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
    const isServed = () => withinTrace(traceparent, open);
    while ((await isServed()) && performance.now() - began < maxMs) await delay(betweenMs);
    const elapsed = Math.round((performance.now() - began) * 10) / 10;
    const isRefused = ({ service, status }: Shared['verdicts'][number]) =>
      service === 'wishlist-service' && status === 401;
    const isWhole = ({ verdicts }: Shared) => verdicts.length === 2 && verdicts.some(isRefused);
    const after = await reportsOf(spans, { traceId, isWhole });
    return after.verdicts.map((verdict) => {
      const before = shared.verdicts.find(({ service }) => service === verdict.service) ?? verdict;
      const isOther = before.status !== verdict.status;
      return { service: verdict.service, before, after: verdict, elapsed_ms: isOther ? elapsed : null };
    });
  }
}

function notShared(): ProblemError {
  const detail = 'The demo has not signed this person in at gift-ideas.';
  return new ProblemError({ status: 409, code: 'not_shared', detail });
}
