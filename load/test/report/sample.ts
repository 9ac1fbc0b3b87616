import type { Report, ReportedSection } from '../../src/report/report.ts';
import type { Figure } from '../../src/section.ts';

/** A report as a run would make it, with these figures. */
export function sampleReport(figures: readonly Figure[], change: Partial<ReportedSection> = {}): Report {
  const health = { lag: { p50: 0.2, p99: 1.5, max: 4 }, cpu: 0.4, faults: [] };
  return {
    version: 1,
    provenance: {
      commit: '0123456789ab',
      command: 'npm run load -- --quick',
      machine: 'Some CPU, 2 cores, 8 GiB, linux x64',
      node: 'Node.js v26.0.0, OpenSSL 3.5.0',
      startedAt: '2026-01-02T03:04:05.678Z',
      seed: 1,
      quick: true,
      system: 'everything shares the cores',
      loadBefore: 0.1,
    },
    sections: [
      {
        name: 'scenarios',
        title: 'What people do',
        seconds: 12,
        figures,
        tables: [
          {
            title: 'Latency, ms',
            columns: ['scenario', 'p50', 'p99'],
            rows: [['browse', 1234.5, Number.NaN]],
          },
        ],
        plots: [
          {
            title: 'Over <time>',
            x: { title: 's' },
            y: { title: 'ms', isLogarithmic: true },
            series: [{ name: '</script><b>', points: [[0, 1]] }],
          },
        ],
        notes: ['browse: looks into the cart & at the wishes.'],
        invalid: [],
        health: [{ during: 'browse', health }],
        resources: [{ title: 'What it costs', columns: ['scenario', 'auth CPU'], rows: [['browse', 0.2]] }],
        sizing: ['1 core of auth-service per 1,000 refreshes/s'],
        ...change,
      },
    ],
    skipped: [{ title: 'Others beside ours', reason: 'only with --rivals' }],
  };
}
