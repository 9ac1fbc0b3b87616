import { setTimeout as delay } from 'node:timers/promises';
import { refreshing, signingOut } from '@latchkey/person';
import type { Outcome } from '../../generator/open-load.ts';
import type { World } from '../../scenarios/scenario.ts';
import type { ServiceName } from '../../system/http.ts';
import { refresh, type Session } from '../../system/people.ts';
import { Availability } from './availability.ts';
import type { Judgement, Oracle } from './oracle.ts';

const doors = {
  auth: '/sessions',
  cart: '/cart',
  wishlist: '/wishlist',
  payment: '/payments',
} as const satisfies Partial<Record<ServiceName, string>>;
const shop = ['cart', 'wishlist', 'payment'] as const;
/** Of ten requests, one is a refresh and three carry a revoked token, if there is one. */
const cycle = 10;
const refreshTurns: readonly number[] = [0];
const revokedTurns: readonly number[] = [2, 5, 8];
/** One of this many refreshes uses the refresh token of a person who has signed out. */
const deadEvery = 5;
/** Few enough people for each to refresh again within the grace of 10 s, in which a lost answer can be repeated. */
const maxRefreshers = 40;
/** Every other revoked token is one of this many latest ones. The rest are of any age. */
const recent = 6;
const untilRefusedMs = 5000;
const askEveryMs = 20;
const askedAtOnce = 32;
/** A prime that is larger than the number of tokens here, so that its multiples reach each token. */
const stride = 7919;

/** A service with a route that every person may read. */
export type AskedService = keyof typeof doors;

/** Sends requests of people who are signed in and of people who have signed out. The oracle judges the answers. */
export class Traffic {
  readonly #world: World;
  readonly #oracle: Oracle;
  readonly #revoked: string[] = [];
  readonly #deadRefreshTokens: string[] = [];
  readonly #refreshing = new Set<Session>();
  readonly shop: Availability;
  readonly refreshes: Availability;
  /** Refreshes that were refused. The person would have to sign in again. */
  sessionsLost = 0;
  /** Sign-outs that were answered otherwise than 204, or not at all. It is unknown whether they took effect. */
  signOutsUnanswered = 0;

  constructor({ world, oracle, beganAtMs }: { world: World; oracle: Oracle; beganAtMs: number }) {
    this.#world = world;
    this.#oracle = oracle;
    this.shop = new Availability(beganAtMs);
    this.refreshes = new Availability(beganAtMs);
  }

  /** Signs a person out. From then on, some requests carry the person's token. */
  async signOut({ accessToken: token, refreshToken }: Session): Promise<void> {
    this.#oracle.signOutSent(token);
    this.#oracle.signOutSent(refreshToken);
    this.#revoked.push(token);
    const status = await this.#world.http.auth.status(signingOut(token)).catch(() => undefined);
    if (status !== 204) {
      this.signOutsUnanswered += 1;
      return;
    }
    const answeredAtMs = performance.now();
    this.#oracle.signOutAnswered(token, answeredAtMs);
    this.#oracle.signOutAnswered(refreshToken, answeredAtMs);
    this.#deadRefreshTokens.push(refreshToken);
  }

  /** Asks a service with the token of the first person who signed out. Does not count as served or not served. */
  async askRevoked(service: AskedService): Promise<void> {
    const [token] = this.#revoked;
    if (token !== undefined) await this.#judge(service, token);
  }

  /** Asks until the service refuses that token. @throws Error when it has not after 5 s, or nobody has signed out */
  async untilRefused(service: AskedService, signal: AbortSignal): Promise<void> {
    const endsAtMs = performance.now() + untilRefusedMs;
    const isRefused = () => {
      const [token] = this.#revoked;
      return token !== undefined && this.#oracle.hasRefused(service, token);
    };
    for (; !isRefused(); await delay(askEveryMs, undefined, { signal })) {
      if (performance.now() > endsAtMs)
        throw new Error(`${service}-service refuses nobody who has signed out.`);
      await this.askRevoked(service);
    }
  }

  /** Asks every service once with each token of a person who has signed out. Does not count as served or not served. */
  async askForAllRevoked(): Promise<void> {
    const waiting = this.#revoked.flatMap((token) => shop.map((service) => ({ service, token }))).values();
    const work = async (): Promise<void> => {
      for (const { service, token } of waiting) await this.#judge(service, token);
    };
    await Promise.all(Array.from({ length: askedAtOnce }, work));
  }

  readonly send = async (index: number): Promise<Outcome> => {
    const turn = index % cycle;
    if (refreshTurns.includes(turn)) return this.#refresh(Math.floor(index / cycle));
    const token = revokedTurns.includes(turn) ? this.#revokedToken(index) : undefined;
    const { people } = this.#world;
    return this.#ask(index, token ?? people[index % people.length]?.accessToken ?? '');
  };

  async #ask(index: number, token: string): Promise<Outcome> {
    // The service changes in another rhythm than the kind of token, so that each kind comes to each service.
    const service = shop[Math.floor(index / cycle + index) % shop.length] ?? 'cart';
    const { judgement, sentAtMs } = await this.#judge(service, token);
    this.shop.record(sentAtMs, judgement !== 'unavailable');
    return judgement;
  }

  async #judge(service: AskedService, token: string): Promise<{ judgement: Judgement; sentAtMs: number }> {
    const path = doors[service];
    const sentAtMs = performance.now();
    const status = await this.#world.http[service].status({ path, token }).catch(() => undefined);
    const answeredAtMs = performance.now();
    const judgement = this.#oracle.judge({ service, token, sentAtMs, answeredAtMs, status });
    return { judgement, sentAtMs };
  }

  async #refresh(turn: number): Promise<Outcome> {
    const dead = this.#deadRefreshTokens[(turn * stride) % (this.#deadRefreshTokens.length || 1)];
    if (dead !== undefined && turn % deadEvery === 0) return this.#refreshDead(dead);
    const refreshers = this.#world.people.slice(0, maxRefreshers);
    const person = refreshers[turn % refreshers.length];
    if (person === undefined) return 'nobody to refresh';
    // A person who still waits for an answer does not ask again, and counts as not served.
    if (this.#refreshing.has(person)) {
      this.refreshes.record(performance.now(), false);
      return 'unavailable';
    }
    this.#refreshing.add(person);
    const sentAtMs = performance.now();
    const status = await refresh(this.#world.http.auth, person).catch(() => undefined);
    this.#refreshing.delete(person);
    this.refreshes.record(sentAtMs, status === 200);
    if (status === 200) return 'ok';
    if (status !== 400) return 'unavailable';
    this.sessionsLost += 1;
    return 'session lost';
  }

  /** Tries the refresh token of a session that has ended. 400 (RFC 6749 §5.2) is the refusal. */
  async #refreshDead(token: string): Promise<Outcome> {
    const sentAtMs = performance.now();
    const answered = await this.#world.http.auth.status(refreshing(token)).catch(() => undefined);
    const status = answered === 400 ? 401 : answered;
    return this.#oracle.judge({ service: 'auth', token, sentAtMs, answeredAtMs: performance.now(), status });
  }

  /** The stride shares no factor with the turns, so that each token comes to each service. */
  #revokedToken(index: number): string | undefined {
    const { length } = this.#revoked;
    const turn = Math.floor(index / revokedTurns.length) * stride;
    const back = index % 2 === 0 ? turn % Math.min(recent, length) : turn % length;
    return length === 0 ? undefined : this.#revoked[length - 1 - back];
  }
}
