import { showNumber } from '../report/numbers.ts';
import type { Table } from '../section.ts';
import { assumptions, populations, readMeasured } from './assumptions.ts';
import { costOf, limitsOf } from './cost.ts';
import { regions, wayMs } from './latency-model.ts';
import { simulateOneRegion } from './one-region.ts';
import { type Simulated, shapes, simulateShape } from './shapes.ts';

const seedOfDocuments = 1;
const signOuts = 20_000;

export const scaleTableNames = [
  'assumptions',
  'costs',
  'limits',
  'latencies',
  'check',
  'fan-out',
  'by-region',
] as const;
export type ScaleTables = Readonly<Record<(typeof scaleTableNames)[number], Table>>;

/** Computes every table of docs/scale.md. The same seed gives the same tables. */
export function scaleTables(seed = seedOfDocuments): ScaleTables {
  const measured = readMeasured();
  const simulated = shapes().map((shape) => simulateShape(shape, { measured, seed }));
  return {
    assumptions: assumptionsTable(),
    costs: costsTable(),
    limits: limitsTable(),
    latencies: latenciesTable(),
    check: checkTable(seed),
    'fan-out': fanOutTable(simulated),
    'by-region': byRegionTable(simulated),
  };
}

/** The ratio of the simulated to the measured time, for one region. */
export function ratiosOfCheck(seed: number): { readonly p50: number; readonly p99: number } {
  const measured = readMeasured();
  const delays = simulateOneRegion(measured, { seed, signOuts });
  return {
    p50: delays.percentile(50) / measured.revocationMs.p50,
    p99: delays.percentile(99) / measured.revocationMs.p99,
  };
}

function assumptionsTable(): Table {
  const given = assumptions;
  return {
    title: 'Assumptions',
    columns: ['assumption', 'value'],
    rows: [
      ['sessions of a person', given.sessionsPerPerson],
      ['share of the sessions that is open at the busiest time', given.activeShare],
      ['time between two refreshes of an open page', `${given.refreshSeconds} s`],
      ['a session is ended by somebody', `${showNumber(given.endsPerSessionAndDay)} times a day`],
      ['the busiest second to the mean of the day, for ends of sessions', given.peakToMean],
      ['services that follow the feed', showNumber(given.services)],
      ['Redis commands of a refresh', given.redisCommandsPerRefresh],
      ['memory of a Redis master', bytes(given.redisBytes)],
      ['streams of a sender of the feed', showNumber(given.streamsPerSender)],
      ['an event of the feed', `${given.eventBytes} bytes, and ${given.entryBytes} for each revocation`],
    ],
  };
}

function costsTable(): Table {
  const measured = readMeasured();
  const costs = populations.map((people) => costOf(people, { measured, assumptions }));
  const row = (what: string, show: (cost: (typeof costs)[number]) => string) => [what, ...costs.map(show)];
  return {
    title: 'What so many people who are signed in cost',
    columns: ['', ...populations.map((people) => `${showNumber(people / 1e6)} million`)],
    rows: [
      row('sessions', ({ sessions }) => `${showNumber(sessions / 1e6)} million`),
      row('memory of the sessions in Redis', ({ sessionBytes }) => bytes(sessionBytes)),
      row('refreshes/s', ({ refreshesPerSecond }) => showNumber(refreshesPerSecond)),
      row('cores of auth-service for them', ({ authCores }) => showNumber(authCores)),
      row('cores of Redis for them', ({ redisCores }) => showNumber(redisCores)),
      row('Redis masters', ({ redisMasters }) => showNumber(redisMasters)),
      row('revocations/s, told to each service', ({ revocationsPerSecond }) =>
        showNumber(revocationsPerSecond),
      ),
      row('revocations that each service holds', ({ heldRevocations }) =>
        showNumber(Math.round(heldRevocations)),
      ),
      row('memory for them in each service', ({ heldBytes }) => bytes(heldBytes)),
      row('feed to each service', (cost) => `${bytes(cost.bytesPerSecondToEach)}/s`),
      row('feed to all services', (cost) => `${bytes(cost.bytesPerSecondToAll)}/s`),
      row('cores that write it, an event for each revocation', ({ writingCores }) =>
        showNumber(writingCores),
      ),
    ],
  };
}

function limitsTable(): Table {
  const limits = limitsOf({ measured: readMeasured(), assumptions });
  return {
    title: 'Where each part saturates',
    columns: ['part', 'people'],
    rows: limits.map(({ part, people }) => [part, `${showNumber(people / 1e6)} million`]),
  };
}

function latenciesTable(): Table {
  return {
    title: 'Round trips of the model, ms',
    columns: ['', ...regions.map(({ name }) => name)],
    rows: regions.map((from) => [from.name, ...regions.map((to) => showNumber(2 * wayMs(from, to)))]),
  };
}

function checkTable(seed: number): Table {
  const { revocationMs } = readMeasured();
  const ratios = ratiosOfCheck(seed);
  return {
    title: 'The model beside the measurement, one region',
    columns: ['from sign-out to the first refusal', 'measured', 'simulated', 'ratio'],
    rows: (['p50', 'p99'] as const).map((name) => [
      name,
      milliseconds(revocationMs[name]),
      milliseconds(revocationMs[name] * ratios[name]),
      showNumber(Number(ratios[name].toFixed(2))),
    ]),
  };
}

function fanOutTable(simulated: readonly Simulated[]): Table {
  return {
    title: 'From the entry in the log to the refusal',
    columns: [
      'feed',
      'people',
      'revocations/s',
      'senders',
      'p50',
      'p99',
      'last service, p50',
      'last service, p99',
      'busiest sender',
    ],
    rows: simulated.map(({ name, people, issuers, revocationsPerSecond, result }) => [
      name,
      `${showNumber(people / 1e6)} million`,
      showNumber(revocationsPerSecond),
      issuers.reduce((sum, { relays }) => sum + 1 + relays.length, 0),
      milliseconds(result.all.percentile(50)),
      milliseconds(result.all.percentile(99)),
      milliseconds(result.last.percentile(50)),
      milliseconds(result.last.percentile(99)),
      `${showNumber(Number((result.busiest * 100).toPrecision(2)))} %`,
    ]),
  };
}

/** Of the relays at ten million people. */
function byRegionTable(simulated: readonly Simulated[]): Table {
  const relayed = simulated.find(({ name, people }) => name.startsWith('relays') && people === 1e7);
  return {
    title: 'By region of the service',
    columns: ['service in', 'p50', 'p99', 'an introspection at home instead, for each request'],
    rows: regions.map((region) => {
      const delays = relayed?.result.byRegion.get(region.name);
      return [
        region.name,
        milliseconds(delays?.percentile(50) ?? Number.NaN),
        milliseconds(delays?.percentile(99) ?? Number.NaN),
        milliseconds(2 * wayMs(regions[0], region)),
      ];
    }),
  };
}

function milliseconds(ms: number): string {
  return `${showNumber(Number(ms.toPrecision(2)))} ms`;
}

function bytes(count: number): string {
  const [unit, size] =
    count >= 1e9 ? (['GB', 1e9] as const) : count >= 1e6 ? (['MB', 1e6] as const) : (['kB', 1e3] as const);
  return `${showNumber(count / size)} ${unit}`;
}
