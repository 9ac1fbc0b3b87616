import type { Request } from '../../system/http.ts';
import { Oracle } from '../faults/oracle.ts';

/** A service, as somebody sees it who asks it with the token in question. */
export type Door = {
  readonly service: string;
  /** Resolves to the status; rejects when there is no answer. */
  ask(request: Pick<Request, 'token'>): Promise<number>;
};

export type SignOutWatched = {
  /** By service: from the answer to the sign-out until the first refusal has come; 0 when that came first. */
  readonly latencyMs: ReadonlyMap<string, number>;
  /** Requests that were sent after a service had refused the token, and passed. */
  readonly wronglyAccepted: number;
};

export type WatchOptions = {
  readonly doors: readonly Door[];
  readonly token: string;
  /** Resolves when the session has ended, and rejects if that is not what was answered. */
  signOut(): Promise<void>;
  /** How long a service may go on accepting before it is given up. Default 10,000. */
  readonly maxMs?: number;
};

/** More requests after the first refusal, none of which may pass. */
const afterwards = 5;

/**
 * Ends a session while every service is being asked with its token, one request after the other: each refusal is seen
 * to within one answer.
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
  // Whoever fails is heard by the last line, also if that happens before it is reached.
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

/** Resolves to when the first refusal came. */
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
