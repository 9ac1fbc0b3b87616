/** The start times of requests in ascending order, in milliseconds from the beginning. */
export type Arrivals = IterableIterator<number, undefined>;

/**
 * Arrivals at a constant rate. Each has its own time in an absolute schedule, so that a delay of one moves no other.
 *
 * @example evenArrivals({ perSecond: 100, seconds: 60 }) // 0, 10, 20, …
 */
export function* evenArrivals({ perSecond, seconds }: { perSecond: number; seconds: number }): Arrivals {
  const count = Math.floor(perSecond * seconds);
  for (let index = 0; index < count; index += 1) yield (index * 1000) / perSecond;
  return undefined;
}

/** Like evenArrivals, but without a fixed end: they end when `isOver` returns true. */
export function* evenArrivalsUntil(perSecond: number, isOver: () => boolean): Arrivals {
  for (let index = 0; !isOver(); index += 1) yield (index * 1000) / perSecond;
  return undefined;
}

/**
 * Arrivals of independent people (a Poisson process), at this rate on average. The same seed yields the same arrivals.
 */
export function* randomArrivals(options: { perSecond: number; seconds: number; seed: number }): Arrivals {
  const { perSecond, seconds } = options;
  const random = mulberry32(options.seed);
  let atMs = 0;
  for (;;) {
    atMs += (-Math.log(1 - random()) / perSecond) * 1000;
    if (atMs >= seconds * 1000) return undefined;
    yield atMs;
  }
}

/** A small generator of pseudo-random numbers in [0, 1). Its 32 bits of state are good enough to space requests. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
