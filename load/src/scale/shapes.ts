import { type Assumptions, assumptions, type Measured } from './assumptions.ts';
import { costOf } from './cost.ts';
import { type FanOutResult, type Sender, simulateFanOut } from './fan-out.ts';
import { type Region, regions } from './latency-model.ts';
import { handOverOf } from './one-region.ts';

const home = regions[0];
/** So many revocations are simulated, and at least so long, for percentiles that another seed moves little. */
const revocations = 250;
const leastSeconds = 1;

/** A way to bring the feed to all services. */
export type Shape = {
  readonly name: string;
  readonly people: number;
  readonly issuers: readonly Sender[];
  readonly gatherMs: number;
};

export type Simulated = Shape & { readonly revocationsPerSecond: number; readonly result: FanOutResult };

/** Every service connects to a replica of auth-service in the home region. */
export function flat(
  services: number,
  spread: readonly Region[],
  given: Assumptions = assumptions,
): Sender[] {
  return inGroups(servicesIn(services, spread), given.streamsPerSender).map((group) => ({
    region: home,
    relays: [],
    services: group,
  }));
}

/** Every service connects to a relay in its own region; the relays connect to one replica of auth-service. */
export function throughRelays(
  services: number,
  spread: readonly Region[],
  given: Assumptions = assumptions,
): Sender[] {
  const relays = spread.flatMap((region, index) => {
    const own = servicesIn(services, spread).filter((_, service) => service % spread.length === index);
    return inGroups(own, given.streamsPerSender).map((group) => ({ region, relays: [], services: group }));
  });
  return [{ region: home, relays, services: [] }];
}

/** The shapes that docs/scale.md compares. */
export function shapes(services = assumptions.services): Shape[] {
  const one = [home];
  const each = (
    name: string,
    issuers: Sender[],
    { people, gatherMs = 0 }: { people: readonly number[]; gatherMs?: number },
  ) => people.map((count) => ({ name, issuers, people: count, gatherMs }));
  return [
    ...each('flat, one region', flat(services, one), { people: [1e6, 1e7, 1e8] }),
    ...each('flat, six regions', flat(services, regions), { people: [1e6, 1e8] }),
    ...each('relays, six regions', throughRelays(services, regions), { people: [1e6, 1e7, 1e8] }),
    ...each('relays, six regions, gathered for 50 ms', throughRelays(services, regions), {
      people: [1e8],
      gatherMs: 50,
    }),
  ];
}

/** @example simulateShape(shape, { measured: readMeasured(), seed: 1 }).result.last.percentile(99) */
export function simulateShape(
  shape: Shape,
  { measured, seed }: { measured: Measured; seed: number },
): Simulated {
  const { revocationsPerSecond } = costOf(shape.people, { measured, assumptions });
  const result = simulateFanOut({
    seed,
    issuers: shape.issuers,
    gatherMs: shape.gatherMs,
    revocationsPerSecond,
    seconds: Math.max(leastSeconds, revocations / revocationsPerSecond),
    signMs: measured.signatureMs,
    writeMs: measured.requestMs,
    handOverMs: handOverOf(measured),
  });
  return { ...shape, revocationsPerSecond, result };
}

function servicesIn(count: number, spread: readonly Region[]): Region[] {
  return Array.from({ length: count }, (_, index) => spread[index % spread.length] ?? home);
}

function inGroups<T>(items: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, index) =>
    items.slice(index * most, (index + 1) * most),
  );
}
