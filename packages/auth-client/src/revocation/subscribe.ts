import { setTimeout as delay } from 'node:timers/promises';
import { asAuthError } from '../errors.ts';
import type { KeySet } from '../key-set/key-set.ts';
import type { Clock } from '../runtime/clock.ts';
import { untilAborted } from '../runtime/deadline.ts';
import type { AccessTokenSource } from './access-token-source.ts';
import { EventStream, type StreamMessage } from './event-stream.ts';
import { FeedChain } from './feed-chain.ts';
import { type FeedPace, reopenDelayMs, standardPace } from './feed-pace.ts';
import { FeedSilence, type FeedSilentError } from './feed-silence.ts';
import { FeedAnswerError, openFeed } from './open-feed.ts';
import type { RevocationList } from './revocation-list.ts';
import { reasonOfKey } from './revoked-key.ts';
import { maxEventLength, openSecurityEvent, type SecurityEvent } from './security-event.ts';

/** What follows the feed, until it is closed. */
export interface RevocationFollower {
  /** Hangs up, and keeps nothing open. What the list holds stays. */
  close(): void;
  /** How often the feed has been opened, or tried to be, after the first time. */
  readonly reconnects: number;
  /** How many events were refused: not the issuer's, or not to be understood. */
  readonly refusedEvents: number;
  /** Whether the feed is asked and, for a while (12 s), not a byte comes, or not the rest of an event. */
  readonly isSilent: boolean;
}

/** What happens to the feed, for the log. */
export interface FeedReports {
  /** It cannot be followed, for the first time since it last could; once more for each other status that it answers. */
  onLost?: ((error: unknown) => void) | undefined;
  /** After that: nothing is missing any more. */
  onFollowing?: (() => void) | undefined;
  /** An event was refused. `reason` names the check; nothing of the event is in it. */
  onRefused?: ((reason: string) => void) | undefined;
  /** The feed has become silent: something in between buffers, most likely. */
  onSilent?: ((error: FeedSilentError) => void) | undefined;
}

export interface SubscribeOptions extends FeedReports {
  /** `iss` of the events. */
  issuer: string;
  uri: string;
  accessToken: AccessTokenSource;
  /** Made with `eventPolicy: securityEventSignature(issuer)`. */
  keySet: KeySet;
  fetch: typeof globalThis.fetch;
  /** Only the monotonic one is asked. */
  clock: Clock;
  pace?: Partial<FeedPace> | undefined;
}

/** Something is missing: the feed is opened anew, for a snapshot. */
class FeedGapError extends Error {}

/**
 * Follows the issuer's feed of revocations and puts them into the list: a snapshot first, then what comes. Confirms the
 * list whenever an event proves that nothing is missing. Opens the feed again when it ends, falls silent or has a gap, and
 * goes on where it was, or from a snapshot. What is known is never dropped for that.
 */
export function subscribe(list: RevocationList, options: SubscribeOptions): RevocationFollower {
  const subscription = new Subscription(list, options);
  void subscription.follow();
  return subscription;
}

class Subscription implements RevocationFollower {
  readonly #list: RevocationList;
  readonly #options: SubscribeOptions;
  readonly #pace: FeedPace;
  readonly #closing = new AbortController();
  readonly #chain = new FeedChain();
  #attempts = 0;
  #refusedEvents = 0;
  #refusedToken: string | undefined;
  /** When the feed, as it is open now, first proved that nothing is missing. Monotonic. */
  #completeSinceMs: number | undefined;
  /** What was said of why it is lost; empty while it is not. */
  readonly #lossReasons = new Set<string>();
  readonly #silence: FeedSilence;

  constructor(list: RevocationList, options: SubscribeOptions) {
    this.#list = list;
    this.#options = options;
    this.#pace = { ...standardPace, ...options.pace };
    this.#silence = new FeedSilence({ clock: options.clock, silenceMs: this.#pace.silenceMs });
  }

  get reconnects(): number {
    return Math.max(0, this.#attempts - 1);
  }

  get refusedEvents(): number {
    return this.#refusedEvents;
  }

  get isSilent(): boolean {
    return this.#silence.isOn;
  }

  close(): void {
    this.#closing.abort(new Error('No longer followed'));
  }

  /** Never rejects. */
  async follow(): Promise<void> {
    const { signal } = this.#closing;
    let failures = 0;
    while (!signal.aborted) {
      const error = await this.#followOnce().catch((thrown: unknown) => thrown);
      if (signal.aborted) return;
      failures = this.#wasSteady() ? 0 : failures + 1;
      if (this.#completeSinceMs === undefined) this.#reportLoss(error);
      const silent = this.#silence.attemptEnded(error);
      if (silent) report(this.#options.onSilent, silent);
      await delay(reopenDelayMs(failures, this.#pace), undefined, { signal }).catch(() => {});
    }
  }

  /** Opens the feed and follows it to its end, of which the error tells. */
  async #followOnce(): Promise<Error> {
    this.#attempts += 1;
    this.#completeSinceMs = undefined;
    this.#chain.open();
    const attempt = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, attempt.signal]);
    const giveUp = (why: string): void => attempt.abort(new DOMException(why, 'TimeoutError'));
    const answer = setTimeout(giveUp, this.#pace.answerMs, 'The feed does not answer');
    let silence: NodeJS.Timeout | undefined;
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    try {
      const token = await untilAborted(signal, () => this.#prepare());
      answer.refresh();
      this.#silence.asked();
      reader = await this.#open(token, signal);
      this.#silence.opened();
      clearTimeout(answer);
      silence = setTimeout(giveUp, this.#pace.silenceMs, 'The feed is silent');
      const stream = new EventStream({ maxLength: maxEventLength });
      for (;;) {
        const { done, value } = await untilAborted(signal, reader.read.bind(reader));
        if (done) return new Error('The feed has ended');
        silence.refresh();
        const messages = stream.push(value);
        this.#silence.heard({ isWithinEvent: stream.isWithinMessage });
        for (const message of messages) {
          // Awaited only where there is something to wait for: requests in between see all that came at once, or nothing.
          const opening = this.#openEvent(message);
          const event = opening instanceof Promise ? await untilAborted(signal, () => opening) : opening;
          if (event) this.#accept(event);
        }
      }
    } finally {
      clearTimeout(answer);
      clearTimeout(silence);
      attempt.abort();
      // For a fetch that takes no notice of its signal.
      reader?.cancel().catch(() => {});
    }
  }

  /** What is needed before the feed is asked: keys to verify it with, and a token. */
  async #prepare(): Promise<string> {
    const { keySet, clock, accessToken } = this.#options;
    if (!keySet.isUsableAt(clock.monotonicMs())) {
      await keySet.refreshForEvents();
      await keySet.untilUsable();
    }
    return accessToken(this.#refusedToken);
  }

  async #open(token: string, signal: AbortSignal): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const { uri, fetch } = this.#options;
    this.#refusedToken = undefined;
    try {
      return await openFeed({ uri, token, position: this.#chain.position, fetch, signal });
    } catch (error) {
      if (error instanceof FeedAnswerError && error.status === 401) this.#refusedToken = token;
      throw error;
    }
  }

  /** Undefined for an event that is refused. */
  #openEvent({
    data,
    isTooLong,
  }: StreamMessage): SecurityEvent | undefined | Promise<SecurityEvent | undefined> {
    if (isTooLong) return this.#refuse('length');
    const { issuer, keySet, clock } = this.#options;
    const isRevokedKey = (kid: string): boolean => reasonOfKey(this.#list, kid) !== undefined;
    const refuse = (error: unknown): undefined => this.#refuse(asAuthError(error).reason);
    try {
      const event = openSecurityEvent(data, { issuer, keySet, isRevokedKey, now: clock.monotonicMs() });
      return event instanceof Promise ? event.catch(refuse) : event;
    } catch (error) {
      return refuse(error);
    }
  }

  #accept(event: SecurityEvent): void {
    // The issuer says so: it holds even where something else is missing.
    this.#list.apply(event.revocations);
    const verdict = this.#chain.accept(event);
    if (verdict === 'gap') throw new FeedGapError('The feed has a gap');
    if (verdict === 'incomplete') return;
    this.#list.confirm();
    this.#silence.complete();
    this.#completeSinceMs ??= this.#options.clock.monotonicMs();
    if (this.#lossReasons.size > 0) this.#reportReturn();
  }

  #refuse(reason: string): undefined {
    this.#refusedEvents += 1;
    this.#chain.refuse();
    report(this.#options.onRefused, reason);
  }

  #reportLoss(error: unknown): void {
    const reason = error instanceof FeedAnswerError ? error.message : '';
    const isNew = reason !== '' && !this.#lossReasons.has(reason);
    if (this.#lossReasons.size === 0 || isNew) report(this.#options.onLost, error);
    this.#lossReasons.add(reason);
  }

  #reportReturn(): void {
    this.#lossReasons.clear();
    // The feed tells of a revoked key for some minutes only; the key set has been without it ever since.
    void this.#options.keySet.refreshForEvents();
    report(this.#options.onFollowing);
  }

  #wasSteady(): boolean {
    const { clock } = this.#options;
    return clock.monotonicMs() - (this.#completeSinceMs ?? Number.POSITIVE_INFINITY) >= this.#pace.steadyMs;
  }
}

/** Whatever becomes of the report, the feed is followed. */
function report<T extends unknown[]>(to: ((...details: T) => void) | undefined, ...details: T): void {
  try {
    to?.(...details);
  } catch {
    // There is nobody left to tell.
  }
}
