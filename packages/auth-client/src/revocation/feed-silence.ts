import type { Clock } from '../clock.ts';
import { isTimeout } from '../deadline.ts';
import { AuthClientError } from '../errors.ts';

/** Not a byte of the feed comes. The message is for operators, and names nothing of the inside. */
export class FeedSilentError extends AuthClientError {
  /** It may be shown, on /ready say. */
  readonly expose = true;

  constructor() {
    super(
      'feed_silent',
      'The feed of revocations is asked and sends nothing, not even a refusal: something between here and ' +
        'auth-service buffers its answer (a proxy: see docs/proxies.md), or auth-service hangs',
    );
  }
}

/**
 * Tells a feed that is silent from one that is away. The issuer sends a comment together with the head of its answer; so
 * an attempt that runs out of time without a byte means that something keeps what it sends. One may be bad luck: after
 * `silenceMs` of such attempts, and no others, it is said, once until the feed is heard again.
 */
export class FeedSilence {
  readonly #clock: Clock;
  readonly #silenceMs: number;
  /** When the first of the attempts in a row was made. Monotonic. */
  #sinceMs: number | undefined;
  #wasAsked = false;
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
    this.#wasAsked = true;
    this.#sinceMs ??= this.#clock.monotonicMs();
  }

  /** Something of the feed came. */
  heard(): void {
    this.#wasAsked = false;
    this.#sinceMs = undefined;
    this.#isOn = false;
  }

  /** What to report, if the silence has just become long enough. */
  attemptEnded(error: unknown): FeedSilentError | undefined {
    if (!this.#wasAsked) return undefined;
    this.#wasAsked = false;
    if (!isTimeout(error)) this.heard();
    if (this.#sinceMs === undefined || this.#isOn) return undefined;
    if (this.#clock.monotonicMs() - this.#sinceMs < this.#silenceMs) return undefined;
    this.#isOn = true;
    return new FeedSilentError();
  }
}
