import type { UserAuthentication } from '../authentication.ts';
import type { Clock } from '../clock.ts';
import type { ServiceCounters } from './counters.ts';
import { type KeptToken, KeptTokens } from './kept-tokens.ts';
import type { Exchange, IssuedToken } from './token-endpoint.ts';
import { TokenEndpointError } from './token-endpoint-error.ts';
import { tokenKey } from './token-key.ts';

export interface DelegatedTokensOptions {
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
  readonly sessionId: string;
  /** The session ended meanwhile: what comes back is not to be used. */
  forgotten: boolean;
  result: Promise<KeptToken>;
}

/** A token is not used in the last 15 s before it expires, so that it does not expire on the way. */
const marginMs = 15_000;

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
    this.#kept.dropSession(sessionId);
    for (const [key, flight] of this.#flights) {
      if (flight.sessionId !== sessionId) continue;
      flight.forgotten = true;
      this.#flights.delete(key);
    }
  }

  #start(key: string, delegation: Delegation): Flight {
    const flight: Flight = {
      sessionId: delegation.user.sessionId,
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
      const { accessToken, expiresInSeconds } = await this.#options.exchange(exchange);
      const lifetimeMs = expiresInSeconds * 1000;
      // Half of a short life, so that the last seconds of a user's token do not cost an exchange for each request.
      const usableUntilMs = askedAtMs + lifetimeMs - Math.min(marginMs, lifetimeMs / 2);
      return { accessToken, key, sessionId: user.sessionId, usableUntilMs };
    } catch (error) {
      counters.failedExchanges += 1;
      throw error;
    }
  }
}
