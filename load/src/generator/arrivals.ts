/** When requests are to start, in milliseconds from the beginning, in order. */
export type Arrivals = IterableIterator<number, undefined>;

/**
 * Arrivals at a constant rate, each at its own moment of an absolute schedule: what happens to one moves no other.
 *
 * @example evenArrivals({ perSecond: 100, seconds: 60 }) // 0, 10, 20, …
 */
export function* evenArrivals({ perSecond, seconds }: { perSecond: number; seconds: number }): Arrivals {
  const count = Math.floor(perSecond * seconds);
  for (let index = 0; index < count; index += 1) yield (index * 1000) / perSecond;
  return undefined;
}

/** The same for as long as it takes: until `isOver` says so. */
export function* evenArrivalsUntil(perSecond: number, isOver: () => boolean): Arrivals {
  for (let index = 0; !isOver(); index += 1) yield (index * 1000) / perSecond;
  return undefined;
}

/**
 * Arrivals of people who do not know of each other (a Poisson process) at this rate on average; the same for the same
 * seed.
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

/** A small generator of pseudo-random numbers in [0, 1): 32 bits of state, good enough to space requests. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
