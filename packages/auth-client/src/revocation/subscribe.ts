import { setTimeout as delay } from 'node:timers/promises';
import { asAuthError } from '../errors.ts';
import type { FeedEvent } from '../feed/event.ts';
import type { KeySet } from '../key-set/key-set.ts';
import type { Clock } from '../runtime/clock.ts';
import { untilAborted } from '../runtime/deadline.ts';
import { type AccessTokenSource, type OwnToken, ownToken } from './access-token-source.ts';
import { EventStream, type StreamMessage } from './event-stream.ts';
import { FeedChain } from './feed-chain.ts';
import { type FeedPace, reopenDelayMs, standardPace } from './feed-pace.ts';
import { FeedSilence, type FeedSilentError } from './feed-silence.ts';
import { FeedAnswerError, openFeed } from './open-feed.ts';
import type { RevocationList } from './revocation-list.ts';
import { reasonOfKey } from './revoked-key.ts';
import { maxEventLength, openSecurityEvent } from './security-event.ts';

/** Follows the feed until it is closed. */
export type RevocationFollower = {
  /** Closes the connection. The list keeps its entries. */
  close(): void;
  /** How often the feed was opened again; failed attempts count. */
  readonly reconnects: number;
  /** How many events were refused: not signed by the issuer, or malformed. */
  readonly refusedEvents: number;
  /** Whether the feed was requested and, for 12 s, no byte arrived, or not the rest of an event. */
  readonly isSilent: boolean;
};

/** Reports about the feed, for the log. */
export type FeedReports = {
  /** The feed was lost. Called once per loss, and once more for each further HTTP status that the feed answers. */
  onLost?: ((error: unknown) => void) | undefined;
  /** The feed is back, and nothing is missing any more. */
  onFollowing?: (() => void) | undefined;
  /** An event was refused. `reason` names the check and contains nothing of the event. */
  onRefused?: ((reason: string) => void) | undefined;
  /** The feed has become silent: most likely something in between buffers it. */
  onSilent?: ((error: FeedSilentError) => void) | undefined;
};

export interface SubscribeOptions extends FeedReports {
  /** `iss` of the events. */
  issuer: string;
  uri: string;
  accessToken: AccessTokenSource;
  keySet: KeySet;
  fetch: typeof globalThis.fetch;
  /** Only the monotonic one is used. */
  clock: Clock;
  pace?: Partial<FeedPace> | undefined;
}

/** Events are missing: the feed is opened again for a snapshot. */
class FeedGapError extends Error {}

/**
 * Follows the issuer's feed of revocations and puts them into the list: first a snapshot, then new events. Confirms the
 * list whenever an event proves that nothing is missing. Opens the feed again when it ends, falls silent or has a gap,
 * and resumes there or with a snapshot. The list keeps its entries meanwhile.
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
  /** When the current connection first proved that nothing is missing. Monotonic. */
  #completeSinceMs: number | undefined;
  /** The reasons already reported for the current loss; empty while the feed is followed. */
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

  /** Opens the feed and follows it to its end. Returns or throws the reason for the end. */
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
        this.#silence.received({ isWithinEvent: stream.isWithinMessage });
        for (const message of messages) {
          // Await only a promise: then requests see all events of one chunk together.
          const opening = this.#openEvent(message);
          const event = opening instanceof Promise ? await untilAborted(signal, () => opening) : opening;
          if (event) this.#accept(event);
        }
      }
    } finally {
      clearTimeout(answer);
      clearTimeout(silence);
      attempt.abort();
      // For a fetch that ignores its signal.
      reader?.cancel().catch(() => {});
    }
  }

  /** Gets what the request needs first: keys to verify the events with, and an access token. */
  async #prepare(): Promise<OwnToken> {
    const { keySet, clock, accessToken } = this.#options;
    if (!keySet.isUsableAt(clock.monotonicMs())) {
      await keySet.refreshForEvents();
      await keySet.untilUsable();
    }
    return ownToken(accessToken, this.#refusedToken);
  }

  async #open(token: OwnToken, signal: AbortSignal): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const { uri, fetch } = this.#options;
    this.#refusedToken = undefined;
    try {
      return await openFeed({ uri, token, position: this.#chain.position, fetch, signal });
    } catch (error) {
      if (error instanceof FeedAnswerError && error.status === 401) this.#refusedToken = token.accessToken;
      throw error;
    }
  }

  /** Returns undefined for a refused event. */
  #openEvent({ data, isTooLong }: StreamMessage): FeedEvent | undefined | Promise<FeedEvent | undefined> {
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

  #accept(event: FeedEvent): void {
    // The issuer signed it, so it holds even if other events are missing.
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
    // The feed keeps the revocation of a key for some minutes only, so we may have missed one. The key set shows it.
    void this.#options.keySet.refreshForEvents();
    report(this.#options.onFollowing);
  }

  #wasSteady(): boolean {
    const { clock } = this.#options;
    return clock.monotonicMs() - (this.#completeSinceMs ?? Number.POSITIVE_INFINITY) >= this.#pace.steadyMs;
  }
}

/** Calls a report. An error in it must not stop the feed. */
function report<T extends unknown[]>(to: ((...details: T) => void) | undefined, ...details: T): void {
  try {
    to?.(...details);
  } catch {
    // The report was the only way to tell anyone.
  }
}
