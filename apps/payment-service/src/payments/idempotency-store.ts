import { setTimeout as sleep } from 'node:timers/promises';
import { nowOrNever, ProblemError } from '@latchkey/service-kit';
import { and, eq, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { Connection, Database } from '../database/open-payment-database.ts';
import { idempotencyKeys } from '../database/schema.ts';
import type { RequestIdentity } from './idempotency.ts';
import { isRunning } from './run-rules.ts';

/** A key and its answer are kept for at least this long after the answer. */
const keyRetention = sql`interval '24 hours'`;

/** The answer as it was sent. */
export type Answer = { readonly status: number; readonly body: unknown };

/** `answer` is set when the request was answered before. Otherwise the caller carries it out, for this resource. */
export type Claim = Pick<RequestIdentity, 'subject' | 'keyDigest'> & {
  readonly resourceId: string;
  readonly answer: Answer | undefined;
};

/** Stores the request's resource, in the transaction that takes the key. If it throws, nothing is stored. */
export type FirstStep = (transaction: Connection, resourceId: string) => Promise<void>;

export type IdempotencyStoreOptions = {
  readonly database: Database;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly newId: () => string;
  /** After this long, another request with the same key takes a run over, mostly after a crash. */
  readonly runMs: number;
  /** How long a request waits for another one with the same key, before it answers 409. */
  readonly waitMs: number;
};

type Row = typeof idempotencyKeys.$inferSelect;

export type IdempotencyStore = ReturnType<typeof createIdempotencyStore>;

/**
 * Keeps idempotency keys in Postgres (draft-ietf-httpapi-idempotency-key-header). A key belongs to its subject.
 * `runningUntil` only saves work: if two runs overlap after a long pause of one, both send the processor the same
 * reference, and money still moves once.
 *
 * @example
 * const claim = await keys.claim(identity, (transaction, id) => insertPendingPayment(transaction, { id, … }));
 * if (claim.answer) return claim.answer;
 */
export function createIdempotencyStore({ database, clock, newId, runMs, waitMs }: IdempotencyStoreOptions) {
  const runningUntil = () => new Date(clock() + runMs);

  /** Undefined when the key is taken. */
  async function start(identity: RequestIdentity, firstStep: FirstStep): Promise<Claim | undefined> {
    const resourceId = newId();
    return database.transaction(async (transaction) => {
      const taken = await transaction
        .insert(idempotencyKeys)
        .values({ ...identity, resourceId, runningUntil: runningUntil(), createdAt: new Date(clock()) })
        .onConflictDoNothing()
        .returning({ resourceId: idempotencyKeys.resourceId });
      if (taken.length === 0) return undefined;
      await firstStep(transaction, resourceId);
      return claimOn({ ...identity, resourceId });
    });
  }

  /** Undefined while another run holds it. */
  async function takeOver(row: Row): Promise<Claim | undefined> {
    if (isRunning(row.runningUntil, { now: clock(), runMs })) return undefined;
    const taken = await database
      .update(idempotencyKeys)
      .set({ runningUntil: runningUntil() })
      .where(
        and(
          sameKey(row),
          isNull(idempotencyKeys.answerStatus),
          eq(idempotencyKeys.runningUntil, row.runningUntil),
        ),
      )
      .returning({ resourceId: idempotencyKeys.resourceId });
    return taken.length === 0 ? undefined : claimOn(row);
  }

  return {
    /**
     * Takes the key for this request. Waits when another request holds it, and takes over a run that crashed.
     *
     * @throws ProblemError 422 `idempotency_key_reused` when the key came with another request, 409
     *   `request_in_progress` with Retry-After when the other one takes too long, and whatever `firstStep` throws
     */
    async claim(identity: RequestIdentity, firstStep: FirstStep): Promise<Claim> {
      // Inserts without reading first: most requests are new.
      const first = await start(identity, firstStep);
      if (first) return first;
      for (let waitedMs = 0, pauseMs = 10; ; waitedMs += pauseMs, pauseMs = Math.min(pauseMs * 2, 200)) {
        const [row] = await database.select().from(idempotencyKeys).where(sameKey(identity));
        if (row === undefined) {
          const started = await start(identity, firstStep);
          if (started) return started;
        } else {
          if (row.fingerprint !== identity.fingerprint) throw keyReused();
          if (row.answerStatus !== null) {
            return { ...claimOn(row), answer: { status: row.answerStatus, body: row.answerBody } };
          }
          const resumed = await takeOver(row);
          if (resumed) return resumed;
          if (waitedMs >= waitMs) throw stillRunning(row.runningUntil.getTime() - clock());
        }
        await sleep(pauseMs);
      }
    },

    /** Stores the final answer, which every repetition then gets. Keeps the first one when there are two. */
    async finish(claim: Claim, answer: Answer): Promise<void> {
      await database
        .update(idempotencyKeys)
        .set({ answerStatus: answer.status, answerBody: answer.body, runningUntil: new Date(clock()) })
        .where(unanswered(claim));
    },

    /** Leaves the request unanswered, so that the next repetition can continue at once. */
    async release(claim: Claim): Promise<void> {
      await nowOrNever(database, (transaction) =>
        transaction
          .update(idempotencyKeys)
          // Past by every clock.
          .set({ runningUntil: new Date(0) })
          .where(unanswered(claim)),
      );
    },

    /**
     * Deletes the keys that were answered more than 24 hours ago. Keeps each key without a final answer, since only a
     * repetition can finish its request. Returns how many it deleted.
     */
    async forgetOld(): Promise<number> {
      // By the later clock of the two, a replica whose clock is ahead would delete everybody's keys.
      const now = sql`least(now(), ${new Date(clock()).toISOString()}::timestamptz)`;
      const before = sql`${now} - ${keyRetention}`;
      const { createdAt, runningUntil, answerStatus } = idempotencyKeys;
      const gone = await database
        .delete(idempotencyKeys)
        // An answer is no older than its key, whose age has the index.
        .where(and(lt(createdAt, before), lt(runningUntil, before), isNotNull(answerStatus)));
      return gone.rowCount ?? 0;
    },
  };
}

function sameKey({ subject, keyDigest }: Pick<RequestIdentity, 'subject' | 'keyDigest'>) {
  return and(eq(idempotencyKeys.subject, subject), eq(idempotencyKeys.keyDigest, keyDigest));
}

function claimOn({ subject, keyDigest, resourceId }: Omit<Claim, 'answer'>): Claim {
  return { subject, keyDigest, resourceId, answer: undefined };
}

/** Compares the resource, too: a refusal may have freed the key, and a new request taken it, during a slow run. */
function unanswered(claim: Claim) {
  return and(
    sameKey(claim),
    eq(idempotencyKeys.resourceId, claim.resourceId),
    isNull(idempotencyKeys.answerStatus),
  );
}

function keyReused(): ProblemError {
  return new ProblemError({
    status: 422,
    code: 'idempotency_key_reused',
    detail: 'This Idempotency-Key came with another request before. Make a new key for a new request.',
  });
}

function stillRunning(remainingMs: number): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'request_in_progress',
    detail: 'The first request with this Idempotency-Key is still running. Repeat this one a little later.',
    headers: { 'retry-after': String(Math.max(1, Math.ceil(remainingMs / 1000))) },
  });
}
