import type { Revocation } from '../feed/revocation.ts';
import { concerns } from '../revocation/concerns.ts';
import type { Clock } from '../runtime/clock.ts';
import type { UserAuthentication } from '../token/authentication.ts';
import type { ServiceCounters } from './counters.ts';
import { type KeptToken, KeptTokens } from './kept-tokens.ts';
import { type IssuedToken, usableForMs } from './token-endpoint.ts';
import { TokenEndpointError } from './token-endpoint-error.ts';
import type { Exchange } from './token-exchange.ts';
import { tokenKey } from './token-key.ts';

export type DelegatedTokensOptions = {
  /** This service, the actor. */
  clientId: string;
  exchange: (exchange: Exchange) => Promise<IssuedToken>;
  clock: Clock;
  max: number;
};

/** The person, and the service and scopes that the exchange is for. */
export interface Delegation extends Exchange {
  user: UserAuthentication;
  counters: ServiceCounters;
}

type PendingExchange = {
  /** The person of the token that is being exchanged. */
  readonly user: UserAuthentication;
  /** That token was revoked meanwhile: do not use the result. */
  forgotten: boolean;
  result: Promise<KeptToken>;
};

/**
 * Tokens for calls on people's behalf. They are exchanged when needed, with one exchange for all concurrent requests
 * that need the same token, and kept until shortly before they expire.
 */
export class DelegatedTokens {
  readonly #options: DelegatedTokensOptions;
  readonly #kept: KeptTokens;
  readonly #pending = new Map<string, PendingExchange>();

  constructor(options: DelegatedTokensOptions) {
    this.#options = options;
    this.#kept = new KeptTokens(options.max);
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Returns a kept token, or exchanges one. @throws what the exchange throws */
  async get(delegation: Delegation): Promise<KeptToken> {
    const key = tokenKey(delegation.user, delegation);
    const kept = this.#kept.get(key, this.#options.clock.monotonicMs());
    if (kept) {
      delegation.counters.kept += 1;
      return kept;
    }
    const pending = this.#pending.get(key) ?? this.#start(key, delegation);
    const token = await pending.result;
    if (pending.forgotten) throw new TokenEndpointError('invalid_grant');
    return token;
  }

  /** Drops exactly this token, so that the next request gets another. */
  drop(token: KeptToken): void {
    this.#kept.drop(token);
  }

  /** Drops the kept tokens and the pending exchanges of this session. */
  forgetSession(sessionId: string): void {
    this.#kept.dropAllOf('session', sessionId);
    this.#forgetPending((user) => user.sessionId === sessionId);
  }

  /**
   * Drops the tokens that this revocation concerns. Kept tokens may be dropped more widely, because they can be
   * exchanged again. Pending exchanges are dropped only if the revocation concerns them, because a request waits for
   * each.
   */
  forget(revocation: Revocation): void {
    switch (revocation.kind) {
      case 'session':
      case 'subject':
        this.#kept.dropAllOf(revocation.kind, revocation.id);
        break;
      case 'client':
        if (revocation.id === this.#options.clientId) this.#kept.clear();
        else this.#kept.dropClient(revocation.id);
        break;
      case 'key':
      case 'all':
        this.#kept.clear();
        break;
    }
    this.#forgetPending((user) => concerns(revocation, user));
  }

  #forgetPending(isForgotten: (user: UserAuthentication) => boolean): void {
    for (const [key, pending] of this.#pending) {
      if (!isForgotten(pending.user)) continue;
      pending.forgotten = true;
      this.#pending.delete(key);
    }
  }

  #start(key: string, delegation: Delegation): PendingExchange {
    const pending: PendingExchange = {
      user: delegation.user,
      forgotten: false,
      result: this.#exchange(key, delegation)
        .then((token) => {
          if (!pending.forgotten) this.#kept.set(token);
          return token;
        })
        .finally(() => {
          if (this.#pending.get(key) === pending) this.#pending.delete(key);
        }),
    };
    this.#pending.set(key, pending);
    return pending;
  }

  async #exchange(key: string, { user, counters, ...exchange }: Delegation): Promise<KeptToken> {
    counters.exchanges += 1;
    const askedAtMs = this.#options.clock.monotonicMs();
    try {
      const issued = await this.#options.exchange(exchange);
      const { accessToken, isBound } = issued;
      const { sessionId, subject, clientId } = user;
      const usableUntilMs = askedAtMs + usableForMs(issued);
      return { accessToken, isBound, key, sessionId, subject, clientId, usableUntilMs };
    } catch (error) {
      counters.failedExchanges += 1;
      throw error;
    }
  }
}
