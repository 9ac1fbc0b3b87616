import { concerns } from '../revocation/concerns.ts';
import type { Revocation } from '../revocation/revocation.ts';
import type { Clock } from '../runtime/clock.ts';
import type { UserAuthentication } from '../token/authentication.ts';
import type { ServiceCounters } from './counters.ts';
import { type KeptToken, KeptTokens } from './kept-tokens.ts';
import { type IssuedToken, usableForMs } from './token-endpoint.ts';
import { TokenEndpointError } from './token-endpoint-error.ts';
import type { Exchange } from './token-exchange.ts';
import { tokenKey } from './token-key.ts';

export interface DelegatedTokensOptions {
  /** This service, who acts. */
  clientId: string;
  exchange: (exchange: Exchange) => Promise<IssuedToken>;
  clock: Clock;
  max: number;
}

/** Who is acted for, toward whom, with what. */
export interface Delegation extends Exchange {
  user: UserAuthentication;
  counters: ServiceCounters;
}

interface Flight {
  /** What the token says that is being exchanged. */
  readonly user: UserAuthentication;
  /** That token was revoked meanwhile: what comes back is not to be used. */
  forgotten: boolean;
  result: Promise<KeptToken>;
}

/**
 * Tokens to call other services with on users' behalf: exchanged when needed, one exchange at a time for all that need
 * the same, and kept until shortly before they expire.
 */
export class DelegatedTokens {
  readonly #options: DelegatedTokensOptions;
  readonly #kept: KeptTokens;
  readonly #flights = new Map<string, Flight>();

  constructor(options: DelegatedTokensOptions) {
    this.#options = options;
    this.#kept = new KeptTokens(options.max);
  }

  get size(): number {
    return this.#kept.size;
  }

  /** A kept token, or the fruit of an exchange. @throws what the exchange throws */
  async get(delegation: Delegation): Promise<KeptToken> {
    const key = tokenKey(delegation.user, delegation);
    const kept = this.#kept.get(key, this.#options.clock.monotonicMs());
    if (kept) {
      delegation.counters.kept += 1;
      return kept;
    }
    const flight = this.#flights.get(key) ?? this.#start(key, delegation);
    const token = await flight.result;
    if (flight.forgotten) throw new TokenEndpointError('invalid_grant');
    return token;
  }

  /** Forgets this very token: whoever asks next gets another. */
  drop(token: KeptToken): void {
    this.#kept.drop(token);
  }

  /** Forgets what is kept and what is on its way for this session. */
  forgetSession(sessionId: string): void {
    this.#kept.dropAllOf('session', sessionId);
    this.#forgetFlights((user) => user.sessionId === sessionId);
  }

  /**
   * Forgets what must not be used any more, or would be refused. More than that of what is kept, because it can be had
   * again; no more than that of what is on its way, because somebody waits for it.
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
    this.#forgetFlights((user) => concerns(revocation, user));
  }

  #forgetFlights(isForgotten: (user: UserAuthentication) => boolean): void {
    for (const [key, flight] of this.#flights) {
      if (!isForgotten(flight.user)) continue;
      flight.forgotten = true;
      this.#flights.delete(key);
    }
  }

  #start(key: string, delegation: Delegation): Flight {
    const flight: Flight = {
      user: delegation.user,
      forgotten: false,
      result: this.#exchange(key, delegation)
        .then((token) => {
          if (!flight.forgotten) this.#kept.set(token);
          return token;
        })
        .finally(() => {
          if (this.#flights.get(key) === flight) this.#flights.delete(key);
        }),
    };
    this.#flights.set(key, flight);
    return flight;
  }

  async #exchange(key: string, { user, counters, ...exchange }: Delegation): Promise<KeptToken> {
    counters.exchanges += 1;
    const askedAtMs = this.#options.clock.monotonicMs();
    try {
      const issued = await this.#options.exchange(exchange);
      const { sessionId, subject, clientId } = user;
      const usableUntilMs = askedAtMs + usableForMs(issued);
      return { accessToken: issued.accessToken, key, sessionId, subject, clientId, usableUntilMs };
    } catch (error) {
      counters.failedExchanges += 1;
      throw error;
    }
  }
}
