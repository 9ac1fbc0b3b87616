import { setTimeout as delay } from 'node:timers/promises';
import { AuthError } from '../errors.ts';
import type { Clock } from '../runtime/clock.ts';
import { type FetchedKeySet, fetchKeySet, KeySetFetchError } from './fetch-key-set.ts';
import type { RsaJwk } from './json-web-key.ts';
import { refreshDelayMs, retryDelayMs } from './refresh-schedule.ts';
import { createVerificationKey, type KeyPolicies, type VerificationKey } from './verification-key.ts';

export interface KeySetOptions extends KeyPolicies {
  jwksUri: string;
  fetch: typeof globalThis.fetch;
  timeoutMs: number;
  /** Between two fetches that tokens cause: by an unknown kid, and on demand. */
  cooldownSeconds: number;
  /** How long keys stay good after the last fetch that succeeded. */
  maxStaleSeconds: number;
  clock: Clock;
  /**
   * 'background' (the default) fetches again before the keys are too old; 'on-demand' fetches only when somebody waits
   * for keys, and sets no timer: for key sets that are needed now and then.
   */
  refresh?: 'background' | 'on-demand';
  onFetched?: (fetched: FetchedKeySet) => void;
  onFailed?: (error: unknown) => void;
}

/** Between two fetches that security events cause. */
const eventCooldownMs = 1000;
/** Longer than it takes all replicas of the issuer to hear of a key. */
const secondLookMs = 1000;

/**
 * The issuer's current keys. Refreshes itself in the background, one request at a time, so that no request waits for
 * a fetch but the very first, and those whose kid is unknown; or on demand.
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
   * Whether the keys are good at this monotonic time: not before the first successful fetch, not when the last one is
   * longer ago than the staleness bound, and not when it brought a set that is empty on purpose.
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

  /** Fetches now, or joins the fetch under way. Resolves to whether it succeeded; never rejects. */
  refresh(): Promise<boolean> {
    if (this.#closing.signal.aborted) return Promise.resolve(false);
    this.#inFlight ??= this.#fetch().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  /**
   * Waits for keys if a fetch is under way that may bring them. On demand, starts one, at most once per cooldown.
   *
   * @throws AuthError key_set_unavailable, with Retry-After
   */
  async untilUsable(): Promise<void> {
    if (this.#isUsable()) return;
    await (this.#options.refresh === 'on-demand' ? this.#refreshOnDemand() : this.#inFlight);
    if (!this.#isUsable()) throw this.unavailable();
  }

  /**
   * Looks for a key that the set lacks: joins a fetch under way, or starts one unless another unknown kid has done so
   * within the cooldown, however that went. Undefined at once while the cooldown lasts. Rejects with AuthError
   * key_set_unavailable when there are no keys after it.
   */
  seek(kid: string): Promise<VerificationKey | undefined> | undefined {
    return this.#refreshOnDemand()?.then(() => {
      // The set may just have been withdrawn: then nobody can say anything about this kid.
      if (!this.#isUsable()) throw this.unavailable();
      return this.find(kid);
    });
  }

  /**
   * Looks for the key of a security event, which the set lacks: waits for a fetch under way, and fetches again at once, or
   * as soon as a second has passed since events last caused that. Never rejects.
   */
  async seekForEvent(kid: string): Promise<VerificationKey | undefined> {
    await this.#inFlight;
    if (!this.find(kid) && kid !== this.#missingForEvents) await this.#pastEventCooldown();
    if (!this.find(kid)) await this.refreshForEvents();
    // Who has just been looked for in vain is not waited for each time that they come.
    if (!this.find(kid)) this.#missingForEvents = kid;
    return this.find(kid);
  }

  /**
   * Fetches the keys for what the issuer itself sends, its feed: not under the cooldown that strangers' tokens can bring
   * about, but at most once a second. Joins a fetch under way. Resolves when that is done; never rejects.
   */
  async refreshForEvents(): Promise<void> {
    if (!this.#inFlight) {
      if (this.#eventCooldownMs > 0) return;
      this.#askedForEventAtMs = this.#options.clock.monotonicMs();
    }
    await this.refresh();
  }

  /**
   * The issuer has just withdrawn a key: fetches at once, what a fetch under way brings being too old, and once more a
   * second later, because the replica that answered may not have heard of the key that signs now.
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

  /** Stops refreshing and aborts the fetch under way. */
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
      await this.#replace(fetched);
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

  async #replace({ keys, refused }: FetchedKeySet): Promise<void> {
    const next = new Map<string, VerificationKey>();
    for (const jwk of keys) {
      const key = await this.#keyFor(jwk).catch(() => undefined);
      if (key) next.set(jwk.kid, key);
      else refused.push('unusable');
    }
    // A set that is empty on purpose is believed: its issuer has withdrawn every key.
    const isWithdrawn = keys.length === 0 && refused.length === 0;
    if (next.size === 0 && !isWithdrawn) throw new KeySetFetchError('no usable key');
    for (const key of this.#keys.values()) key.current = next.get(key.kid) === key;
    this.#keys = next;
    this.#fetchedAtMs = this.#options.clock.monotonicMs();
    this.#usableUntilMs = isWithdrawn
      ? Number.NEGATIVE_INFINITY
      : this.#fetchedAtMs + this.#options.maxStaleSeconds * 1000;
  }

  async #keyFor(jwk: RsaJwk): Promise<VerificationKey> {
    const known = this.#keys.get(jwk.kid);
    const unchanged = known && known.modulus === jwk.n && known.exponent === jwk.e;
    return unchanged ? known : createVerificationKey(jwk, this.#options);
  }

  /**
   * Waits until events may cause another fetch. A timer goes by a coarser clock, in whole milliseconds, and so may be early
   * by more than one: what is left then is waited for, too.
   */
  async #pastEventCooldown(): Promise<void> {
    for (let attempts = 3; attempts > 0 && this.#eventCooldownMs > 0; attempts -= 1)
      await delay(this.#eventCooldownMs + 1, undefined, { signal: this.#closing.signal }).catch(() => {});
  }

  /** How much is left of the second in which events cause no other fetch. */
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
