import { AuthClientError } from '../errors.ts';
import type { Clock } from '../runtime/clock.ts';
import { isTimeout } from '../runtime/deadline.ts';

/** The feed was requested but sends nothing. The message is for operators and reveals no internals. */
export class FeedSilentError extends AuthClientError {
  /** The message may be shown, for example on /ready. */
  readonly expose = true;

  constructor() {
    super(
      'feed_silent',
      'The feed of revocations was requested, but its answer does not arrive or stops within an event: something ' +
        'between this service and auth-service buffers the answer (a proxy: see docs/proxies.md), or auth-service hangs',
    );
  }
}

/**
 * Distinguishes a feed that something in between buffers from a feed that is away. The issuer sends a comment together
 * with the response head, and sends each event whole. So three kinds of attempt are suspicious: one that times out
 * without a byte, one that brings only the head, and one that times out within an event. The first two may be chance,
 * so they are reported only after `silenceMs` of nothing but such attempts; the third has taken that long already. The
 * report comes once, until an event or another kind of failure follows.
 */
export class FeedSilence {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  /** When the first of the suspicious attempts in a row was made. Monotonic. */
  #sinceMs: number | undefined;
  /** What has arrived since the request; undefined before it. */
  #received: 'nothing' | 'the head' | 'part of an event' | 'whole events' | undefined;
  #isOn = false;

  constructor({ clock, silenceMs }: { clock: Clock; silenceMs: number }) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** The request is about to be sent. */
  asked(): void {
    this.#received = 'nothing';
    this.#sinceMs ??= this.#clock.monotonicMs();
  }

  /** The response head has arrived. */
  opened(): void {
    this.#received = 'the head';
  }

  /** Bytes of the body have arrived. */
  received({ isWithinEvent }: { isWithinEvent: boolean }): void {
    this.#received = isWithinEvent ? 'part of an event' : 'whole events';
    this.#sinceMs = undefined;
  }

  /** Nothing is missing. */
  complete(): void {
    this.#isOn = false;
  }

  /** The attempt is over. Returns the error to report if the feed has just become silent. */
  attemptEnded(error: unknown): FeedSilentError | undefined {
    const received = this.#received;
    this.#received = undefined;
    if (received === undefined) return undefined;
    if (received === 'whole events' || (received !== 'the head' && !isTimeout(error))) {
      this.#sinceMs = undefined;
      this.#isOn = false;
      return undefined;
    }
    const nowMs = this.#clock.monotonicMs();
    const isLong = this.#sinceMs === undefined || nowMs - this.#sinceMs >= this.#silenceMs;
    if (!isLong || this.#isOn) return undefined;
    this.#isOn = true;
    return new FeedSilentError();
  }
}
