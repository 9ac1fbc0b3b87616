import { setTimeout as delay } from 'node:timers/promises';
import { AuthError } from '../errors.ts';
import type { Clock } from '../runtime/clock.ts';
import { type FetchedKeySet, fetchKeySet, KeySetFetchError } from './fetch-key-set.ts';
import type { RsaJwk } from './json-web-key.ts';
import { refreshDelayMs, retryDelayMs } from './refresh-schedule.ts';
import { createVerificationKey, type VerificationKey } from './verification-key.ts';

export type KeySetOptions = {
  jwksUri: string;
  fetch: typeof globalThis.fetch;
  timeoutMs: number;
  /** Least time between two fetches caused by tokens: for an unknown kid, and on demand. */
  cooldownSeconds: number;
  /** How long keys stay good after the last fetch that succeeded. */
  maxStaleSeconds: number;
  clock: Clock;
  /**
   * 'background' (the default) fetches again before the keys are too old. 'on-demand' fetches only when a caller waits
   * for keys, and sets no timer: for key sets that are rarely needed.
   */
  refresh?: 'background' | 'on-demand';
  onFetched?: (fetched: FetchedKeySet) => void;
  onFailed?: (error: unknown) => void;
};

/** Least time between two fetches caused by security events. */
const eventCooldownMs = 1000;
/** Longer than it takes until all replicas of the issuer know a new key. */
const secondLookMs = 1000;

/**
 * The issuer's current keys. In the background mode it refreshes itself, one request at a time, so that only the first
 * requests and those with an unknown kid wait for a fetch.
 */
export class KeySet {
  readonly #options: KeySetOptions;
  readonly #closing = new AbortController();
  #keys = new Map<string, VerificationKey>();
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #usableUntilMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #askedForEventAtMs = Number.NEGATIVE_INFINITY;
  #missingForEvents: string | undefined;
  #failures = 0;
  #inFlight: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #secondLook: NodeJS.Timeout | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /** The key, if the current set has it. */
  find(kid: string): VerificationKey | undefined {
    return this.#keys.get(kid);
  }

  /**
   * Whether the keys are good at this monotonic time. They are not before the first successful fetch, when the last one
   * is longer ago than `maxStaleSeconds`, or when it brought a set that is empty on purpose.
   */
  isUsableAt(monotonicMs: number): boolean {
    return monotonicMs <= this.#usableUntilMs;
  }

  /** Seconds since the keys were last fetched; Infinity before the first time. */
  get ageSeconds(): number {
    return (this.#options.clock.monotonicMs() - this.#fetchedAtMs) / 1000;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Fetches now, or joins the fetch in progress. Resolves to whether it succeeded; never rejects. */
  refresh(): Promise<boolean> {
    if (this.#closing.signal.aborted) return Promise.resolve(false);
    this.#inFlight ??= this.#fetch().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  /**
   * If there are no usable keys, waits for the fetch in progress. In on-demand mode, starts one, at most once per
   * cooldown.
   *
   * @throws AuthError key_set_unavailable, with Retry-After
   */
  async untilUsable(): Promise<void> {
    if (this.#isUsable()) return;
    await (this.#options.refresh === 'on-demand' ? this.#refreshOnDemand() : this.#inFlight);
    if (!this.#isUsable()) throw this.unavailable();
  }

  /**
   * Looks for a key that the set lacks: joins the fetch in progress, or starts one unless an unknown kid has started
   * one within the cooldown, successful or not. Returns undefined while the cooldown lasts. Rejects with AuthError
   * key_set_unavailable when there are no usable keys afterwards.
   */
  seek(kid: string): Promise<VerificationKey | undefined> | undefined {
    return this.#refreshOnDemand()?.then(() => {
      // The set may just have been withdrawn: then the kid is not unknown, but unverifiable.
      if (!this.#isUsable()) throw this.unavailable();
      return this.find(kid);
    });
  }

  /**
   * Looks for a security event's key that the set lacks: waits for the fetch in progress, then fetches again, at most
   * once a second. Never rejects.
   */
  async seekForEvent(kid: string): Promise<VerificationKey | undefined> {
    await this.#inFlight;
    if (!this.find(kid) && kid !== this.#missingForEvents) await this.#pastEventCooldown();
    if (!this.find(kid)) await this.refreshForEvents();
    // A kid that a fetch has just not found does not wait for the cooldown again.
    if (!this.find(kid)) this.#missingForEvents = kid;
    return this.find(kid);
  }

  /**
   * Fetches the keys for the issuer's feed, at most once a second. The cooldown does not apply, because strangers'
   * tokens can trigger it. Joins the fetch in progress. Never rejects.
   */
  async refreshForEvents(): Promise<void> {
    if (!this.#inFlight) {
      if (this.#eventCooldownMs > 0) return;
      this.#askedForEventAtMs = this.#options.clock.monotonicMs();
    }
    await this.refresh();
  }

  /**
   * Call it when the issuer has just withdrawn a key. Fetches at once, after the fetch in progress, whose result may be
   * too old; and again a second later, because the replica that answered may not know the new signing key yet.
   */
  renew(): void {
    const underWay = this.#inFlight;
    if (underWay) void underWay.then(() => this.refresh());
    else void this.refresh();
    clearTimeout(this.#secondLook);
    this.#secondLook = setTimeout(() => void this.refresh(), secondLookMs).unref();
  }

  unavailable(): AuthError {
    const longest = { everSucceeded: this.#everSucceeded, random: 1 };
    const seconds = Math.ceil(retryDelayMs(this.#failures, longest) / 1000);
    return new AuthError('key_set_unavailable', { headers: { 'retry-after': String(seconds) } });
  }

  /** Stops refreshing and aborts the fetch in progress. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#secondLook);
  }

  #refreshOnDemand(): Promise<boolean> | undefined {
    if (!this.#inFlight) {
      const now = this.#options.clock.monotonicMs();
      if (now - this.#askedAtMs < this.#options.cooldownSeconds * 1000) return undefined;
      this.#askedAtMs = now;
    }
    return this.refresh();
  }

  async #fetch(): Promise<boolean> {
    clearTimeout(this.#timer);
    const { jwksUri, fetch, timeoutMs, maxStaleSeconds, onFetched, onFailed } = this.#options;
    try {
      const fetched = await fetchKeySet({ jwksUri, fetch, timeoutMs, closing: this.#closing.signal });
      this.#replace(fetched);
      this.#failures = 0;
      this.#schedule(refreshDelayMs(fetched.maxAgeSeconds, { maxStaleSeconds }));
      onFetched?.(fetched);
      return true;
    } catch (error) {
      this.#failures += 1;
      this.#schedule(retryDelayMs(this.#failures, { everSucceeded: this.#everSucceeded }));
      if (!this.#closing.signal.aborted) onFailed?.(error);
      return false;
    }
  }

  #replace({ keys, refused }: FetchedKeySet): void {
    const next = new Map<string, VerificationKey>();
    for (const jwk of keys) {
      try {
        next.set(jwk.kid, this.#keyFor(jwk));
      } catch {
        refused.push('unusable');
      }
    }
    // An empty set is taken at its word: the issuer has withdrawn every key.
    const isWithdrawn = keys.length === 0 && refused.length === 0;
    if (next.size === 0 && !isWithdrawn) throw new KeySetFetchError('no usable key');
    for (const key of this.#keys.values()) key.current = next.get(key.kid) === key;
    this.#keys = next;
    this.#fetchedAtMs = this.#options.clock.monotonicMs();
    this.#usableUntilMs = isWithdrawn
      ? Number.NEGATIVE_INFINITY
      : this.#fetchedAtMs + this.#options.maxStaleSeconds * 1000;
  }

  #keyFor(jwk: RsaJwk): VerificationKey {
    const known = this.#keys.get(jwk.kid);
    const unchanged = known && known.modulus === jwk.n && known.exponent === jwk.e;
    return unchanged ? known : createVerificationKey(jwk);
  }

  /**
   * Waits until events may cause another fetch. Timers use a coarser clock and may fire more than a millisecond early,
   * so the rest is waited for as well.
   */
  async #pastEventCooldown(): Promise<void> {
    for (let attempts = 3; attempts > 0 && this.#eventCooldownMs > 0; attempts -= 1)
      await delay(this.#eventCooldownMs + 1, undefined, { signal: this.#closing.signal }).catch(() => {});
  }

  /** The rest of the second in which events cause no other fetch. */
  get #eventCooldownMs(): number {
    return this.#askedForEventAtMs + eventCooldownMs - this.#options.clock.monotonicMs();
  }

  get #everSucceeded(): boolean {
    return this.#fetchedAtMs !== Number.NEGATIVE_INFINITY;
  }

  #isUsable(): boolean {
    return this.isUsableAt(this.#options.clock.monotonicMs());
  }

  #schedule(delayMs: number): void {
    if (this.#closing.signal.aborted || this.#options.refresh === 'on-demand') return;
    this.#timer = setTimeout(() => void this.refresh(), delayMs).unref();
  }
}
