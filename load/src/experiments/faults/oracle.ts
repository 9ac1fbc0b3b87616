/** The verdict on an answer: 'ok', or the name of its fault. */
export type Judgement = 'ok' | 'wrongly accepted' | 'wrongly refused' | 'unavailable';

/** One request for a protected route, and its answer. Times are milliseconds of one monotonic clock. */
export type Observation = {
  readonly service: string;
  readonly token: string;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
};

export type OracleCounts = {
  /** Answers to requests whose token the service had to refuse. */
  readonly mustBeRefused: number;
  readonly wronglyAccepted: number;
  /** Refusals of tokens for which no sign-out was sent. */
  readonly wronglyRefused: number;
};

/** A revoked token that a service accepted although it had to refuse it. */
export type WrongAcceptance = {
  readonly service: string;
  readonly sentAtMs: number;
  /** When the sign-out was answered; undefined if it was not. */
  readonly revokedAtMs: number | undefined;
  /** When this service first refused the token; undefined if it had not. */
  readonly refusedAtMs: number | undefined;
};

/** Ten are enough to see what wrong acceptances have in common. */
const maxKept = 10;

type Fate = {
  /**
   * When the sign-out was answered. While it is undefined, a service may give either verdict until it first refuses.
   */
  revokedAtMs: number | undefined;
  /** The time of each service's first refusal. */
  readonly refusedAtMs: Map<string, number>;
};

/** The services that an outage affects; 'everybody' when the source of the revocations is away. */
export type Away = readonly string[] | 'everybody';
type Outage = { readonly away: Away; readonly beganAtMs: number; endedAtMs: number };

/**
 * Judges whether answers were right. It knows which tokens were revoked and when, because it is told of every sign-out.
 *
 * A service must refuse a revoked token in every request that is sent after its first refusal of the token has come: a
 * service never forgets a revocation that it knew, even if it is killed. Every service must also refuse the token from
 * `boundMs` after the answer to the sign-out. If an outage overlaps that time, the bound counts from the end of the
 * outage: for a service that was away itself, or for all services if the source of the revocations was away.
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

  /** Must be called before the sign-out is sent, because the first refusal may come before the answer. */
  signOutSent(token: string): void {
    this.#fates.set(token, { revokedAtMs: undefined, refusedAtMs: new Map() });
  }

  /** Must be called only if the answer says that the session has ended. */
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

  /** Whether this service has already refused this token, whose session has ended. */
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

  /** The first wrong acceptances, at most ten. */
  get wrong(): readonly WrongAcceptance[] {
    return this.#wrong;
  }

  /** The time after which the service must refuse the token; Infinity while it need not. */
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
