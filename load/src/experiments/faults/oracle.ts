/** What to think of an answer: 'ok', or what is wrong with it. */
export type Judgement = 'ok' | 'wrongly accepted' | 'wrongly refused' | 'unavailable';

/** One request for a protected route, and what came of it. Times are of one monotonic clock, in milliseconds. */
export type Observation = {
  readonly service: string;
  readonly token: string;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
};

export type OracleCounts = {
  /** Answers about tokens that the service had to know to be revoked. */
  readonly mustBeRefused: number;
  readonly wronglyAccepted: number;
  /** Refusals of tokens that nobody had asked to revoke. */
  readonly wronglyRefused: number;
};

/** A token that passed although it must not have. */
export type WrongAcceptance = {
  readonly service: string;
  readonly sentAtMs: number;
  /** When its sign-out was answered; undefined if it was not. */
  readonly revokedAtMs: number | undefined;
  /** When that service had refused it before; undefined if it had not. */
  readonly refusedAtMs: number | undefined;
};

/** Enough to see what they have in common. */
const maxKept = 10;

type Fate = {
  /** When the sign-out was answered; undefined as long as, or if never, it was: then either verdict is right. */
  revokedAtMs: number | undefined;
  /** When each service's first refusal came. */
  readonly refusedAtMs: Map<string, number>;
};

/** The services that could not do their part. */
export type Away = readonly string[] | 'everybody';
type Outage = { readonly away: Away; readonly beganAtMs: number; endedAtMs: number };

/**
 * Knows which tokens were revoked, and when, because it is told of every sign-out; and so whether an answer was right.
 *
 * A revoked token must be refused by a service in each request that is sent after that service's first refusal of it has
 * come: what is known once is never forgotten, whatever is killed. And it must be refused by every service from
 * `boundMs` after its sign-out was answered; for a service that was away within that time, or all of them where what they
 * hear of it from was, from `boundMs` after the return.
 *
 * @example
 * const oracle = new Oracle({ boundMs: 2000 });
 * oracle.signOutSent(token);
 * oracle.signOutAnswered(token, performance.now());
 * oracle.judge({ service: 'cart', token, sentAtMs, answeredAtMs, status: 200 }); // 'wrongly accepted', 2 s later
 */
export class Oracle {
  readonly #boundMs: number;
  readonly #fates = new Map<string, Fate>();
  readonly #outages: Outage[] = [];
  readonly #wrong: WrongAcceptance[] = [];
  #mustBeRefused = 0;
  #wronglyAccepted = 0;
  #wronglyRefused = 0;

  constructor({ boundMs }: { readonly boundMs: number }) {
    this.#boundMs = boundMs;
  }

  /** To be told before it is sent: the first refusal may come before the answer. */
  signOutSent(token: string): void {
    this.#fates.set(token, { revokedAtMs: undefined, refusedAtMs: new Map() });
  }

  /** It was answered that the session has ended. To be told of no other answer. */
  signOutAnswered(token: string, atMs: number): void {
    const fate = this.#fates.get(token);
    if (fate === undefined) throw new Error('A sign-out was answered that was not sent.');
    fate.revokedAtMs = atMs;
  }

  outageBegan(atMs: number, away: Away): void {
    this.#outages.push({ away, beganAtMs: atMs, endedAtMs: Number.POSITIVE_INFINITY });
  }

  outageEnded(atMs: number): void {
    const last = this.#outages.at(-1);
    if (last === undefined) throw new Error('An outage ended that had not begun.');
    last.endedAtMs = atMs;
  }

  /** Whether this service has refused this token, which was signed out, before. */
  hasRefused(service: string, token: string): boolean {
    return this.#fates.get(token)?.refusedAtMs.has(service) === true;
  }

  judge({ service, token, sentAtMs, answeredAtMs, status }: Observation): Judgement {
    const isRefusal = status === 401 || status === 403;
    if (status !== 200 && !isRefusal) return 'unavailable';
    const fate = this.#fates.get(token);
    if (fate === undefined) {
      if (!isRefusal) return 'ok';
      this.#wronglyRefused += 1;
      return 'wrongly refused';
    }
    const mustBeRefused = sentAtMs > this.#knownFromMs(fate, service);
    if (mustBeRefused) this.#mustBeRefused += 1;
    if (isRefusal) {
      if (!fate.refusedAtMs.has(service)) fate.refusedAtMs.set(service, answeredAtMs);
      return 'ok';
    }
    if (!mustBeRefused) return 'ok';
    this.#wronglyAccepted += 1;
    const { revokedAtMs, refusedAtMs } = fate;
    if (this.#wrong.length < maxKept)
      this.#wrong.push({ service, sentAtMs, revokedAtMs, refusedAtMs: refusedAtMs.get(service) });
    return 'wrongly accepted';
  }

  get counts(): OracleCounts {
    return {
      mustBeRefused: this.#mustBeRefused,
      wronglyAccepted: this.#wronglyAccepted,
      wronglyRefused: this.#wronglyRefused,
    };
  }

  /** The first of those that were wrongly accepted. */
  get wrong(): readonly WrongAcceptance[] {
    return this.#wrong;
  }

  /** From when on the service must refuse; Infinity while it need not. */
  #knownFromMs({ revokedAtMs, refusedAtMs }: Fate, service: string): number {
    const refused = refusedAtMs.get(service) ?? Number.POSITIVE_INFINITY;
    if (revokedAtMs === undefined) return refused;
    let boundAtMs = revokedAtMs + this.#boundMs;
    for (const { away, beganAtMs, endedAtMs } of this.#outages)
      if (
        (away === 'everybody' || away.includes(service)) &&
        beganAtMs <= boundAtMs &&
        endedAtMs >= revokedAtMs
      )
        boundAtMs = Math.max(boundAtMs, endedAtMs + this.#boundMs);
    return Math.min(refused, boundAtMs);
  }
}
