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
/** Of ten requests one is a refresh, and three come with a revoked token, once there are any. */
const cycle = 10;
const refreshTurns: readonly number[] = [0];
const revokedTurns: readonly number[] = [2, 5, 8];
/** Of so many refreshes one is tried by somebody who has signed out. */
const deadEvery = 5;
/** Few enough for each to come round again while a lost answer may still be asked for once more (10 s). */
const maxRefreshers = 40;
/** Every other revoked token is one of the last of these, the others are of any age. */
const recent = 6;
const untilRefusedMs = 5000;
const askEveryMs = 20;
const askedAtOnce = 32;
/** A prime, and more than are counted here. */
const stride = 7919;

/** A service of which it is known what everybody may read there. */
export type AskedService = keyof typeof doors;

/** Requests of people who are signed in, and of people who no longer are, with the oracle looking on. */
export class Traffic {
  readonly #world: World;
  readonly #oracle: Oracle;
  readonly #revoked: string[] = [];
  readonly #deadRefreshTokens: string[] = [];
  readonly #refreshing = new Set<Session>();
  readonly shop: Availability;
  readonly refreshes: Availability;
  /** Refreshes that were refused: the person would have to sign in again. */
  sessionsLost = 0;
  /** Sign-outs that were answered otherwise than 204, or not at all: nobody knows then whether they were done. */
  signOutsUnanswered = 0;

  constructor({ world, oracle, beganAtMs }: { world: World; oracle: Oracle; beganAtMs: number }) {
    this.#world = world;
    this.#oracle = oracle;
    this.shop = new Availability(beganAtMs);
    this.refreshes = new Availability(beganAtMs);
  }

  /** Signs somebody out. From then on requests come with their token. */
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

  /** Asks a service with the token of whoever signed out first. Not counted as served or not. */
  async askRevoked(service: AskedService): Promise<void> {
    const [token] = this.#revoked;
    if (token !== undefined) await this.#judge(service, token);
  }

  /** @throws Error when the service has not refused that token after 5 s, or nobody has signed out */
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

  /** Asks every service with every token of those who have signed out, once. Not counted as served or not. */
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
    // By turns of their own, so that each kind of token comes to each service.
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
    // Who still waits for the answer to the last one does not ask again, and has not been served.
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

  /** The session has ended: 400 (RFC 6749 §5.2) is the refusal. */
  async #refreshDead(token: string): Promise<Outcome> {
    const sentAtMs = performance.now();
    const answered = await this.#world.http.auth.status(refreshing(token)).catch(() => undefined);
    const status = answered === 400 ? 401 : answered;
    return this.#oracle.judge({ service: 'auth', token, sentAtMs, answeredAtMs: performance.now(), status });
  }

  /** By a stride that has no part in common with the turns, so that each comes to each service. */
  #revokedToken(index: number): string | undefined {
    const { length } = this.#revoked;
    const turn = Math.floor(index / revokedTurns.length) * stride;
    const back = index % 2 === 0 ? turn % Math.min(recent, length) : turn % length;
    return length === 0 ? undefined : this.#revoked[length - 1 - back];
  }
}
