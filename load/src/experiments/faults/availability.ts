/** How many requests were sent in one second, and how many of these were served. */
export type SecondOfService = { readonly second: number; readonly sent: number; readonly served: number };

/** Counts each request in the second in which it was sent, so that it is compared with the state at that time. */
export class Availability {
  readonly #beganAtMs: number;
  readonly #seconds: { sent: number; served: number }[] = [];
  #lastFailureAtMs = Number.NEGATIVE_INFINITY;

  constructor(beganAtMs: number) {
    this.#beganAtMs = beganAtMs;
  }

  record(sentAtMs: number, served: boolean): void {
    const second = Math.max(0, Math.floor((sentAtMs - this.#beganAtMs) / 1000));
    while (this.#seconds.length <= second) this.#seconds.push({ sent: 0, served: 0 });
    const counts = this.#seconds[second];
    if (counts === undefined) return;
    counts.sent += 1;
    if (served) counts.served += 1;
    else this.#lastFailureAtMs = Math.max(this.#lastFailureAtMs, sentAtMs);
  }

  /** Leaves out seconds in which nothing was sent. */
  seconds(): SecondOfService[] {
    return this.#seconds.map((counts, second) => ({ second, ...counts })).filter(({ sent }) => sent > 0);
  }

  /** The share of all requests that were served; 1 when nothing was sent. */
  share(): number {
    const sent = this.#seconds.reduce((sum, second) => sum + second.sent, 0);
    const served = this.#seconds.reduce((sum, second) => sum + second.served, 0);
    return sent === 0 ? 1 : served / sent;
  }

  /**
   * How long after `atMs` the last request was sent that was not served, in milliseconds; 0 when there was none.
   * Infinity when a request of the last second was not served.
   */
  recoveredWithinMs(atMs: number): number {
    const last = this.#seconds.at(-1);
    if (last !== undefined && last.served < last.sent) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#lastFailureAtMs - atMs);
  }
}
