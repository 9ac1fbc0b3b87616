import { maxRevocations } from '@latchkey/auth-client/feed';
import { mulberry32, randomArrivals } from '../generator/arrivals.ts';
import { Delays } from './delays.ts';
import { logNormal, type Region, wayBetween } from './latency-model.ts';

/** A process that writes every event to its streams: a replica of auth-service, or a relay. */
export type Sender = {
  readonly region: Region;
  readonly relays: readonly Sender[];
  /** The regions of the services that are connected to it. */
  readonly services: readonly Region[];
};

export type FanOutOptions = {
  readonly seed: number;
  /** The replicas of auth-service. Each reads the log and signs for itself. */
  readonly issuers: readonly Sender[];
  readonly revocationsPerSecond: number;
  readonly seconds: number;
  /** How long an issuer gathers entries before it signs them; 0 as auth-service does. */
  readonly gatherMs: number;
  readonly signMs: number;
  /** CPU time of one write to one stream. */
  readonly writeMs: number;
  /** Until a process that got something begins with it. */
  readonly handOverMs: { readonly p50: number; readonly p99: number };
};

export type FanOutResult = {
  /** From the entry in the log until a service refuses the token: all services, all revocations. */
  readonly all: Delays;
  readonly byRegion: ReadonlyMap<string, Delays>;
  /** The same until the last service refuses it. */
  readonly last: Delays;
  /** The share of the time in which the busiest sender is busy. More than 1: it falls behind. */
  readonly busiest: number;
};

/** Entries that arrive at a sender in one message. */
type Arrival = { readonly atMs: number; readonly entries: readonly number[] };

/**
 * Simulates the feed. The same options give the same result.
 *
 * An issuer works as auth-service does: it signs one event at a time, and entries that come meanwhile go into the next.
 * A relay writes signed events as they are; what has come in meanwhile leaves in one write. Messages of one stream keep
 * their order, so a lost one delays those behind it.
 */
export function simulateFanOut(options: FanOutOptions): FanOutResult {
  const { seed, revocationsPerSecond, seconds } = options;
  const madeAt = Float64Array.from(randomArrivals({ perSecond: revocationsPerSecond, seconds, seed }));
  const random = mulberry32(seed + 1);
  const byRegion = new Map<string, Delays>();
  const lastAt = new Float64Array(madeAt.length);
  let busiest = 0;

  const handOver = logNormal(options.handOverMs, random);
  for (const issuer of options.issuers) {
    const arrivals: Arrival[] = [];
    const way = wayBetween(issuer.region, issuer.region, random);
    for (const [entry, atMs] of madeAt.entries()) {
      const read = atMs + way() + handOver();
      arrivals.push({ atMs: Math.max(read, arrivals.at(-1)?.atMs ?? 0), entries: [entry] });
    }
    send(issuer, arrivals, { signMs: options.signMs, gatherMs: options.gatherMs, most: maxRevocations });
  }
  const last = new Delays();
  for (const [entry, atMs] of lastAt.entries()) last.record(atMs - (madeAt[entry] ?? 0));
  return { all: Delays.of([...byRegion.values()]), byRegion, last, busiest };

  function send(
    sender: Sender,
    arrivals: readonly Arrival[],
    how: { signMs: number; gatherMs: number; most: number },
  ): void {
    const streams = sender.relays.length + sender.services.length;
    const turns: Arrival[] = [];
    let freeAt = 0;
    let busyMs = 0;
    for (let next = 0; next < arrivals.length; ) {
      const startMs = Math.max(freeAt, (arrivals[next] as Arrival).atMs + how.gatherMs);
      const entries: number[] = [];
      for (; entries.length < how.most && next < arrivals.length; next += 1) {
        const arrival = arrivals[next] as Arrival;
        if (arrival.atMs > startMs) break;
        entries.push(...arrival.entries);
      }
      const signedMs = startMs + (how.signMs === 0 ? 0 : how.signMs + handOver());
      turns.push({ atMs: signedMs, entries });
      freeAt = signedMs + streams * options.writeMs;
      busyMs += how.signMs + streams * options.writeMs;
    }
    busiest = Math.max(busiest, busyMs / (seconds * 1000));
    for (const [index, relay] of sender.relays.entries()) {
      const arrived = arrivalsAt(relay.region, { sender, turns, index });
      send(relay, arrived, { signMs: 0, gatherMs: 0, most: Number.POSITIVE_INFINITY });
    }
    for (const [index, region] of sender.services.entries())
      tell(region, arrivalsAt(region, { sender, turns, index: sender.relays.length + index }));
  }

  /** When the stream with this index brings each of the turns. */
  function arrivalsAt(
    to: Region,
    from: { sender: Sender; turns: readonly Arrival[]; index: number },
  ): Arrival[] {
    const way = wayBetween(from.sender.region, to, random);
    let before = 0;
    return from.turns.map(({ atMs, entries }) => {
      const writtenMs = atMs + (from.index + 1) * options.writeMs;
      before = Math.max(before, writtenMs + way() + handOver());
      return { atMs: before, entries };
    });
  }

  function tell({ name }: Region, arrivals: readonly Arrival[]): void {
    const here = byRegion.get(name) ?? new Delays();
    byRegion.set(name, here);
    for (const { atMs, entries } of arrivals) {
      for (const entry of entries) {
        here.record(atMs - (madeAt[entry] ?? 0));
        if (atMs > (lastAt[entry] ?? 0)) lastAt[entry] = atMs;
      }
    }
  }
}
