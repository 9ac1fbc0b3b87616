import { readQuoted } from '../report/quoted.ts';

/** What was measured, on the machine that docs/performance.md names. */
export type Measured = {
  readonly sessionBytes: number;
  readonly heldRevocationBytes: number;
  readonly refreshesPerCore: number;
  readonly signatureMs: number;
  /** All of a bare request at a service. A write to one stream of the feed is a part of such a request. */
  readonly requestMs: number;
  /** One lookup in Redis, of all who take part in it. */
  readonly redisCommandMs: number;
  readonly answerMs: { readonly p50: number; readonly p99: number };
  readonly revocationMs: { readonly p50: number; readonly p99: number };
};

/** What nobody measured. docs/scale.md shows each in a table. */
export type Assumptions = {
  readonly sessionsPerPerson: number;
  /** The share of the sessions whose page or app is open at the busiest time of the day. */
  readonly activeShare: number;
  /** The time between two refreshes of an open page. */
  readonly refreshSeconds: number;
  /** How often a session is ended by somebody, rather than expiring. */
  readonly endsPerSessionAndDay: number;
  /** How many times the mean of the day the busiest second has. */
  readonly peakToMean: number;
  readonly services: number;
  readonly retentionSeconds: number;
  readonly redisCommandsPerRefresh: number;
  readonly redisBytes: number;
  readonly streamsPerSender: number;
  /** A signed event without its entries, as it is sent. */
  readonly eventBytes: number;
  readonly entryBytes: number;
};

export const assumptions: Assumptions = {
  sessionsPerPerson: 2,
  activeShare: 0.1,
  refreshSeconds: 270,
  endsPerSessionAndDay: 0.1,
  peakToMean: 3,
  services: 10_000,
  retentionSeconds: 330,
  redisCommandsPerRefresh: 4,
  redisBytes: 16e9,
  streamsPerSender: 1000,
  eventBytes: 900,
  entryBytes: 60,
};

export const populations = [1e6, 1e7, 1e8] as const;

/** @throws Error when docs/performance.numbers.json lacks a figure */
export function readMeasured(): Measured {
  const figures = new Map(Object.values(readQuoted()).flatMap((group) => Object.entries(group)));
  const median = (name: string): number => {
    const value = figures.get(name)?.median;
    if (value == null) throw new Error(`docs/performance.numbers.json has no figure "${name}".`);
    return value;
  };
  return {
    sessionBytes: median('bytes of a session in Redis, after 10,000 rotations'),
    heldRevocationBytes: median('bytes of a revocation that a service holds'),
    refreshesPerCore: median('refresh/s of one core of auth-service'),
    signatureMs: median('CPU of a bare RS256 signature') / 1000,
    requestMs: median('CPU of a request: no check') / 1000,
    redisCommandMs:
      median('page of 8 services, CPU of what is shared: session in Redis') /
      median('page of 8 services, shared store: session in Redis') /
      1000,
    answerMs: { p50: median('browse p50'), p99: median('browse p99') },
    revocationMs: { p50: median('revocation p50, 200/s'), p99: median('revocation p99, 200/s') },
  };
}
