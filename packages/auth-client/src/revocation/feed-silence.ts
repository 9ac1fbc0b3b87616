import { AuthClientError } from '../errors.ts';
import type { Clock } from '../runtime/clock.ts';
import { isTimeout } from '../runtime/deadline.ts';

/** The feed is asked and does not come. The message is for operators, and names nothing of the inside. */
export class FeedSilentError extends AuthClientError {
  /** It may be shown, on /ready say. */
  readonly expose = true;

  constructor() {
    super(
      'feed_silent',
      'The feed of revocations is asked, and its answer does not come, or stops within an event: something between ' +
        'here and auth-service buffers its answer (a proxy: see docs/proxies.md), or auth-service hangs',
    );
  }
}

/**
 * Tells a feed of which something in between keeps what it sends from one that is away. The issuer sends a comment
 * together with the head of its answer, and each event whole. So these attempts are a sign: one that runs out of time
 * without a byte, one that brings the head alone, however it ends, and one that runs out of time within an event. The
 * first two may be bad luck: they are told after `silenceMs` of such attempts, and no others; the third has taken as long
 * by then. It is said once, until an event or another kind of failure comes.
 */
export class FeedSilence {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  /** When the first of the attempts in a row was made that brought nothing. Monotonic. */
  #sinceMs: number | undefined;
  /** What has come since the feed was asked; undefined when it was not. */
  #came: 'nothing' | 'the head' | 'part of an event' | 'whole events' | undefined;
  #isOn = false;

  constructor({ clock, silenceMs }: { clock: Clock; silenceMs: number }) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** The feed is about to be asked. */
  asked(): void {
    this.#came = 'nothing';
    this.#sinceMs ??= this.#clock.monotonicMs();
  }

  /** It answers. */
  opened(): void {
    this.#came = 'the head';
  }

  /** Something of the feed came. */
  heard({ isWithinEvent }: { isWithinEvent: boolean }): void {
    this.#came = isWithinEvent ? 'part of an event' : 'whole events';
    this.#sinceMs = undefined;
  }

  /** Nothing is missing. */
  complete(): void {
    this.#isOn = false;
  }

  /** What to report, if the feed has just become silent. */
  attemptEnded(error: unknown): FeedSilentError | undefined {
    const came = this.#came;
    this.#came = undefined;
    if (came === undefined) return undefined;
    if (came === 'whole events' || (came !== 'the head' && !isTimeout(error))) {
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
