/** Counts of calls to one service since the start. They only grow, as metrics need. */
export type ServiceCounters = {
  /** The called service. */
  readonly audience: string;
  /** Requests to the token endpoint, including failed ones. */
  exchanges: number;
  failedExchanges: number;
  /** Requests that used a kept token. */
  kept: number;
  /** Requests sent, each attempt counted. */
  requests: number;
  /** Calls that ended in a HopError. */
  failures: number;
};

/** All zero. */
export function newCounters(audience: string): ServiceCounters {
  return { audience, exchanges: 0, failedExchanges: 0, kept: 0, requests: 0, failures: 0 };
}
