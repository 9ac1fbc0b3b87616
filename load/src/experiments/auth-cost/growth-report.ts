import type { LoadResult } from '../../generator/open-load.ts';
import type { Figure, Plot, SectionResult } from '../../section.ts';
import { faultCount } from '../saturation.ts';
import type { Way } from './settings.ts';

export const compared = [
  { way: 'revocation', title: 'token' },
  { way: 'session', title: 'session in Redis' },
  { way: 'introspection', title: 'introspection' },
] as const satisfies { way: Way; title: string }[];
export const maxServices = 8;
/** Even a small machine sustains this with introspection at eight services. */
export const pagesPerSecond = 20;

/** The measurement of a page that asks this many services in one way. */
export type Cell = {
  readonly way: Way;
  readonly title: string;
  readonly services: number;
  readonly load: LoadResult;
  /** Per page: the use of the parts that all services share. */
  readonly commands: number;
  readonly sharedMicroseconds: number;
  /** Per page: the CPU time of all parts. */
  readonly microseconds: number;
};

/** `processes`: how many processes the services were spread over. */
export function describeGrowth(cells: readonly Cell[], processes: number): SectionResult {
  const plot = (title: string, y: Plot['y'], of: (cell: Cell) => number): Plot => ({
    title,
    x: { title: 'services that a page asks' },
    y,
    series: compared.map(({ way, title: name }) => ({
      name,
      points: cells.filter((cell) => cell.way === way).map((cell) => [cell.services, of(cell)] as const),
    })),
  });
  return {
    figures: cells
      .filter(({ services }) => services === maxServices)
      .flatMap(({ title, load, commands, sharedMicroseconds, microseconds }): Figure[] => [
        { name: `page of 8 services p50: ${title}`, unit: 'ms', values: [load.latencies.percentile(50)] },
        { name: `page of 8 services, shared store: ${title}`, unit: 'ops', values: [commands] },
        {
          name: `page of 8 services, CPU of what is shared: ${title}`,
          unit: 'CPU µs',
          values: [sharedMicroseconds],
        },
        { name: `page of 8 services, CPU: ${title}`, unit: 'CPU µs', values: [microseconds] },
        { name: `page of 8 services, faults: ${title}`, unit: '', values: [faultCount(load)] },
      ]),
    tables: [
      {
        title: 'A page that asks services at once',
        columns: [
          'services',
          'by',
          'p50, ms',
          'p99, ms',
          'faults',
          'Redis commands',
          'CPU µs: what is shared',
          'CPU µs: all',
        ],
        rows: cells.map(({ services, title, load, commands, sharedMicroseconds, microseconds }) => [
          services,
          title,
          round(load.latencies.percentile(50)),
          round(load.latencies.percentile(99)),
          faultCount(load),
          round(commands),
          Math.round(sharedMicroseconds),
          Math.round(microseconds),
        ]),
      },
    ],
    plots: [
      plot('Latency of a page, median', { title: 'ms' }, ({ load }) => load.latencies.percentile(50)),
      plot('Latency of a page, 99th percentile', { title: 'ms' }, ({ load }) =>
        load.latencies.percentile(99),
      ),
      plot('Commands of the shared Redis for each page', { title: 'commands' }, ({ commands }) => commands),
      plot(
        'CPU of auth-service and Redis for each page',
        { title: 'CPU µs' },
        ({ sharedMicroseconds }) => sharedMicroseconds,
      ),
    ],
    notes: [
      `${pagesPerSecond} pages/s, each from a browser that asks so many services at once and is done when the last has answered; the ${maxServices} services are ${processes} processes, and each checks every request by itself.`,
      'Of auth-service and Redis that counts which comes on top of what they use while nobody asks for anything.',
      'What is shared has to grow with the number of services that a page asks, however few people there are: with tokens nothing is asked, whether there is one service or eight. A token costs auth-service one refresh in five minutes.',
    ],
    health: cells.map(({ services, title, load }) => ({
      during: `${services} services, ${title}`,
      health: load.health,
    })),
    invalid: cells.flatMap(({ services, title, load }) =>
      load.health.faults.map((text) => `${services} services, ${title}: ${text}`),
    ),
  };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
