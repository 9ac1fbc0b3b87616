import { serviceKeys as services } from '@latchkey/services';
import type { Figure, Plot, SectionResult, Table } from '../section.ts';
import type { ServiceName } from '../system/http.ts';
import { findBottleneck } from './bottleneck.ts';
import { faultCount, type RatePoint } from './saturation.ts';
import type { Measured, Searched } from './saturation-section.ts';

type Machine = { readonly signingMicroseconds: number; readonly cores: number };

export function describeSaturation(found: readonly Searched[], machine: Machine): SectionResult {
  return {
    figures: found.flatMap((search) => figuresOf(search, machine)),
    tables: [kneeTable(found, machine), costTable(found, machine)],
    plots: found.flatMap(plotsOf),
    notes: [
      'A rate is sustained when nothing fails, at most 5 % are behind when the sending ends, the 99th percentile stays within 250 ms, and the generator keeps up. The knee is the highest that was, for a few seconds and then for as long as it is measured.',
      'Above the knee a point may be the generator’s fault as much as the system’s: they share the machine.',
      'CPU for each request is taken at half of the knee, of all threads, the kernel’s work for it included, less what the services use when nobody asks.',
    ],
    invalid: found.flatMap(({ scenario, measured }) =>
      (measured?.atHalf.result.health.faults ?? []).map(
        (fault) => `${scenario.name}, at half of the knee: ${fault}`,
      ),
    ),
    health: found.flatMap(({ scenario, measured }) =>
      measured === undefined
        ? []
        : [
            { during: `${scenario.name}, at half of the knee`, health: measured.atHalf.result.health },
            { during: `${scenario.name}, at the knee`, health: measured.atKnee.result.health },
          ],
    ),
    sizing: found.flatMap(sizingOf),
  };
}

function figuresOf(
  { scenario: { name }, uses, knee, measured }: Searched,
  { signingMicroseconds }: Machine,
): Figure[] {
  const figures: Figure[] = [{ name: `${name} knee`, unit: '1/s', values: [knee] }];
  const p99 = measured?.atHalf.result.latencies.summary().p99 ?? Number.NaN;
  figures.push({ name: `${name} p99 at half of the knee`, unit: 'ms', values: [p99] });
  if (measured === undefined) return figures;
  const faults = faultCount(measured.atHalf.result);
  figures.push({ name: `${name} faults at half of the knee`, unit: '', values: [faults] });
  for (const service of uses)
    figures.push({
      name: `${name}/s of one core of ${service}-service`,
      unit: '1/s',
      values: [1e6 / cpuEach(measured.atHalf, service)],
    });
  if (name === 'refresh') {
    const share = signingMicroseconds / cpuEach(measured.atHalf, 'auth');
    figures.push(
      { name: 'CPU of a bare RS256 signature', unit: 'CPU µs', values: [signingMicroseconds] },
      { name: 'refresh: the bare signature’s share of the CPU', unit: '', values: [share] },
    );
  }
  return figures;
}

function kneeTable(found: readonly Searched[], { cores }: Machine): Table {
  return {
    title: 'How much is sustained, and what there is no more of then',
    columns: ['scenario', 'knee/s', 'p99 at half, ms', 'p99 at the knee, ms', 'saturated'],
    rows: found.map(({ scenario: { name }, knee, measured }) => {
      if (measured === undefined) return [name, knee, '–', '–', 'no rate that was tried was sustained'];
      const { atHalf, atKnee } = measured;
      const generatorCpu = atKnee.result.health.cpu;
      return [
        name,
        knee,
        atHalf.result.latencies.summary().p99,
        atKnee.result.latencies.summary().p99,
        findBottleneck(atKnee.use, { generatorCpu, cores }),
      ];
    }),
  };
}

function costTable(found: readonly Searched[], { signingMicroseconds }: Machine): Table {
  const rows = found.flatMap(({ scenario: { name }, measured }) => {
    if (measured === undefined) return [];
    const { atHalf } = measured;
    return [[name, ...services.map((service) => cpuEach(atHalf, service)), redisEach(atHalf) ?? '–']];
  });
  return {
    title: 'CPU for each, µs',
    columns: ['scenario', ...services.map((name) => `${name}-service`), 'Redis commands'],
    rows: [...rows, ['one RS256 signature, for comparison', signingMicroseconds, '–', '–', '–', '–']],
  };
}

/** Rules such as "1 core of auth-service per N/s", for each service that takes part. */
function sizingOf({ scenario: { name }, uses, measured }: Searched): string[] {
  if (measured === undefined) return [];
  const rules = uses
    .map((service) => ({ service, microseconds: cpuEach(measured.atHalf, service) }))
    // A cost that rounds to zero cannot be a divisor.
    .filter(({ microseconds }) => microseconds > 0)
    .map(({ service, microseconds }) => `1 core of ${service}-service per ${perCore(microseconds)}/s`);
  return rules.length === 0 ? [] : [`${name}: ${rules.join(', ')}`];
}

/** Two digits, because other machines would not keep the promise of more. */
function perCore(microseconds: number): string {
  return Number((1e6 / microseconds).toPrecision(2)).toLocaleString('en');
}

/** CPU time per request in microseconds, beyond what the service uses without requests. */
function cpuEach({ use, idle, requests }: Measured, service: ServiceName): number {
  const cpu = use.services[service].cpu - idle.services[service].cpu;
  return (Math.max(0, cpu) * use.seconds * 1e6) / requests;
}

function redisEach({ use, idle, requests }: Measured): number | undefined {
  if (use.redisCommands === undefined || idle.redisCommands === undefined) return undefined;
  const unasked = (idle.redisCommands / idle.seconds) * use.seconds;
  return Math.max(0, use.redisCommands - unasked) / requests;
}

function plotsOf({ scenario: { name }, points }: Searched): Plot[] {
  const line = (of: (point: RatePoint) => number) =>
    points.map((point) => [point.offeredPerSecond, of(point)] as const).toSorted(([a], [b]) => a - b);
  const x = { title: 'offered, requests/s' };
  return [
    {
      title: `${name}: achieved against offered`,
      x,
      y: { title: 'achieved, requests/s' },
      series: [
        { name: 'achieved', points: line(({ achievedPerSecond }) => achievedPerSecond) },
        { name: 'all of it', points: line(({ offeredPerSecond }) => offeredPerSecond) },
      ],
    },
    {
      title: `${name}: latency against offered`,
      x,
      y: { title: 'latency, ms', isLogarithmic: true },
      series: [
        { name: 'p50', points: line(({ p50 }) => p50) },
        { name: 'p99', points: line(({ p99 }) => p99) },
      ],
    },
  ];
}
