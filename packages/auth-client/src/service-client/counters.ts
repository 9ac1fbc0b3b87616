/** What has been done toward one service since the start. Numbers that only grow, for metrics of whatever kind. */
export interface ServiceCounters {
  /** The service that is called. */
  readonly audience: string;
  /** Requests to the token endpoint, also those that failed. */
  exchanges: number;
  failedExchanges: number;
  /** Requests for which a kept token was at hand. */
  kept: number;
  /** Requests sent, each attempt counted. */
  requests: number;
  /** Calls that ended in a HopError. */
  failures: number;
}

/** All zero. */
export function newCounters(audience: string): ServiceCounters {
  return { audience, exchanges: 0, failedExchanges: 0, kept: 0, requests: 0, failures: 0 };
}
