/**
 * How long a message is on its way. Light in glass takes 4.9 µs for a kilometre (group index 1.468, fibres of
 * ITU-T G.652). The way is 1.5 times the great circle: Bozkurt et al. (Dissecting Latency in the Internet's Fiber
 * Infrastructure, 2018) name 2.1 as the rule of thumb for the Internet, and 1.3 for the shortest conduits. On top come
 * a queueing delay with an exponential distribution, and seldom the loss of the message: TCP sends it again after the
 * round-trip time and 200 ms (RFC 6298 §2, with the least variance term of Linux). Queues and losses are assumptions.
 */

export type Region = { readonly name: string; readonly latitude: number; readonly longitude: number };

export const regions = [
  { name: 'Virginia', latitude: 39, longitude: -77.5 },
  { name: 'Oregon', latitude: 45.8, longitude: -119.7 },
  { name: 'São Paulo', latitude: -23.5, longitude: -46.6 },
  { name: 'Frankfurt', latitude: 50.1, longitude: 8.7 },
  { name: 'Singapore', latitude: 1.3, longitude: 103.8 },
  { name: 'Seoul', latitude: 37.6, longitude: 127 },
] as const satisfies readonly Region[];

export const latencyModel = {
  fibreMsPerKm: 0.0049,
  cableToGreatCircle: 1.5,
  /** One way, within a region. */
  withinRegionMs: 0.25,
  /** The mean of the queueing delay: this and this share of the way. */
  queueMs: 0.1,
  queueShare: 0.02,
  lossWithin: 0.000_01,
  lossBetween: 0.000_1,
  retransmitMs: 200,
} as const;

const earthKm = 6371;

/** The time of one way without any queue, in milliseconds. */
export function wayMs(from: Region, to: Region): number {
  const { fibreMsPerKm, cableToGreatCircle, withinRegionMs } = latencyModel;
  return withinRegionMs + kmBetween(from, to) * cableToGreatCircle * fibreMsPerKm;
}

/** Returns a function that draws the time of one way, in milliseconds. `random` yields numbers in [0, 1). */
export function wayBetween(from: Region, to: Region, random: () => number): () => number {
  const { queueMs, queueShare, lossWithin, lossBetween, retransmitMs } = latencyModel;
  const way = wayMs(from, to);
  const meanQueueMs = queueMs + queueShare * way;
  const loss = from.name === to.name ? lossWithin : lossBetween;
  return () => {
    const queue = -Math.log(1 - random()) * meanQueueMs;
    return way + queue + (random() < loss ? 2 * way + retransmitMs : 0);
  };
}

/** The great circle (haversine formula). */
function kmBetween(a: Region, b: Region): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (x: number, y: number) => Math.sin(radians(y - x) / 2) ** 2;
  const chord =
    half(a.latitude, b.latitude) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude);
  return 2 * earthKm * Math.asin(Math.sqrt(chord));
}

/** Returns a function that draws from a log-normal distribution with this median and this 99th percentile. */
export function logNormal({ p50, p99 }: { p50: number; p99: number }, random: () => number): () => number {
  const sigma = Math.log(p99 / p50) / 2.326_35;
  return () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return p50 * Math.exp(sigma * normal);
  };
}
