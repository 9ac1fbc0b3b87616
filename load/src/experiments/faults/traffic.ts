import type { Outcome } from '../../generator/open-load.ts';
import type { World } from '../../scenarios/scenario.ts';
import type { ServiceName } from '../../system/http.ts';
import { refresh, type Session } from '../../system/people.ts';
import { Availability } from './availability.ts';
import type { Judgement, Oracle } from './oracle.ts';

const doors: Readonly<Record<ServiceName, string>> = {
  auth: '/sessions',
  cart: '/cart',
  wishlist: '/wishlist',
  payment: '/payments',
};
const shop = ['cart', 'wishlist', 'payment'] as const satisfies ServiceName[];
/** Of ten requests one is a refresh, and three come with a revoked token, once there are any. */
const cycle = 10;
const refreshTurns: readonly number[] = [0];
const revokedTurns: readonly number[] = [2, 5, 8];
/** Few enough for each to come round again while a lost answer may still be asked for once more (10 s). */
const mostRefreshers = 40;
/** Every other revoked token is one of the last of these, the others are of any age. */
const recent = 6;

/** Requests of people who are signed in, and of people who no longer are, with the oracle looking on. */
export class Traffic {
  readonly #world: World;
  readonly #oracle: Oracle;
  readonly #revoked: string[] = [];
  readonly #refreshing = new Set<Session>();
  readonly shop: Availability;
  readonly refreshes: Availability;
  /** Refreshes that were refused: the person would have to sign in again. */
  sessionsLost = 0;

  constructor({ world, oracle, beganAtMs }: { world: World; oracle: Oracle; beganAtMs: number }) {
    this.#world = world;
    this.#oracle = oracle;
    this.shop = new Availability(beganAtMs);
    this.refreshes = new Availability(beganAtMs);
  }

  /** Signs somebody out. From then on requests come with their token. */
  async signOut({ accessToken: token }: Session): Promise<void> {
    this.#oracle.signOutSent(token);
    this.#revoked.push(token);
    const status = await this.#world.http.auth
      .status({ method: 'DELETE', path: '/sessions/current', token })
      .catch(() => undefined);
    // Any other answer leaves open whether it was done.
    if (status === 204) this.#oracle.signOutAnswered(token, performance.now());
  }

  /** Asks a service with the token of whoever signed out first. Not counted as served or not. */
  async askRevoked(service: ServiceName): Promise<Judgement | 'nobody has signed out'> {
    const [token] = this.#revoked;
    if (token === undefined) return 'nobody has signed out';
    return (await this.#judge(service, token)).judgement;
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

  async #judge(service: ServiceName, token: string): Promise<{ judgement: Judgement; sentAtMs: number }> {
    const path = doors[service];
    const sentAtMs = performance.now();
    const status = await this.#world.http[service].status({ path, token }).catch(() => undefined);
    const answeredAtMs = performance.now();
    const judgement = this.#oracle.judge({ service, token, sentAtMs, answeredAtMs, status });
    return { judgement, sentAtMs };
  }

  async #refresh(turn: number): Promise<Outcome> {
    const refreshers = this.#world.people.slice(0, mostRefreshers);
    const person = refreshers[turn % refreshers.length];
    // Who still waits for the answer to the last one does not ask again.
    if (person === undefined || this.#refreshing.has(person)) return 'ok';
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

  #revokedToken(index: number): string | undefined {
    const { length } = this.#revoked;
    const back = index % 2 === 0 ? index % Math.min(recent, length) : index % length;
    return length === 0 ? undefined : this.#revoked[length - 1 - back];
  }
}
