import type { Request } from '../../system/http.ts';
import { Oracle } from '../faults/oracle.ts';

/** A service that is asked with the token. */
export type Door = {
  readonly service: string;
  /** Resolves to the status; rejects when there is no answer. */
  ask(request: Pick<Request, 'token'>): Promise<number>;
};

export type SignOutWatched = {
  /** By service: from the answer to the sign-out until the first refusal has come; 0 when the refusal came first. */
  readonly latencyMs: ReadonlyMap<string, number>;
  /** Requests that passed although they were sent after the service had refused the token. */
  readonly wronglyAccepted: number;
};

export type WatchOptions = {
  readonly doors: readonly Door[];
  readonly token: string;
  /** Resolves when the session has ended. Rejects if the answer says anything else. */
  signOut(): Promise<void>;
  /** How long a service may go on accepting before this fails. Default 10,000. */
  readonly maxMs?: number;
};

/** How many requests follow the first refusal. None of them may pass. */
const afterwards = 5;

/**
 * Ends a session while every service is asked with its token, one request after the other. The time of a refusal is
 * therefore exact to within one answer.
 *
 * @throws Error when a service neither accepts nor refuses, or goes on accepting
 */
export async function watchSignOut(options: WatchOptions): Promise<SignOutWatched> {
  const { doors, token, signOut, maxMs = 10_000 } = options;
  const oracle = new Oracle({ boundMs: maxMs });
  const firstAnswers: Promise<void>[] = [];
  const refusals = doors.map(({ service, ask }) => {
    const accepted = Promise.withResolvers<void>();
    firstAnswers.push(accepted.promise);
    return untilRefused({ service, ask }, { token, oracle, maxMs, onAccepted: accepted.resolve });
  });
  // The caller gets a rejection from `await refused`. If it comes earlier, it must not count as unhandled.
  const refused = Promise.all(refusals);
  refused.catch(() => {});
  await Promise.race([Promise.all(firstAnswers), refused]);
  oracle.signOutSent(token);
  await signOut();
  const answeredAtMs = performance.now();
  oracle.signOutAnswered(token, answeredAtMs);
  const latencyMs = new Map(
    (await refused).map((atMs, index) => [doors[index]?.service ?? '', Math.max(0, atMs - answeredAtMs)]),
  );
  return { latencyMs, wronglyAccepted: oracle.counts.wronglyAccepted };
}

type Asking = { token: string; oracle: Oracle; maxMs: number; onAccepted: () => void };

/** Resolves to the time of the first refusal. */
async function untilRefused({ service, ask }: Door, { token, oracle, maxMs, onAccepted }: Asking) {
  const giveUpAtMs = performance.now() + maxMs;
  let refusedAtMs: number | undefined;
  for (let left = afterwards; left > 0; ) {
    const sentAtMs = performance.now();
    const status = await ask({ token });
    const answeredAtMs = performance.now();
    oracle.judge({ service, token, sentAtMs, answeredAtMs, status });
    if (status === 200) onAccepted();
    else if (status !== 401) throw new Error(`${service}-service answered ${status}.`);
    if (status === 401) refusedAtMs ??= answeredAtMs;
    if (refusedAtMs !== undefined) left -= 1;
    else if (answeredAtMs > giveUpAtMs)
      throw new Error(`${service}-service accepted a token for ${maxMs} ms after its sign-out.`);
  }
  return refusedAtMs ?? Number.NaN;
}
