import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { send } from '@latchkey/person';
import { serviceKeys, services } from '@latchkey/services';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readQuery, type Selector } from '../promql.ts';
import { it, signIn } from './system.ts';

type Rule = { record?: string; alert?: string; expr: string; annotations?: Record<string, string> };
type Panel = { title: string; targets?: { expr: string }[] };

const folder = join(import.meta.dirname, '..', '..', 'deploy', 'observability');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const rules = (parse(read('rules.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(read('dashboard.json')) as {
  panels: Panel[];
  templating: { list: { name: string; allValue?: string; query: string | { query: string } }[] };
};
const queries = [
  ...rules.map(({ record, alert, expr }) => ({ name: record ?? alert ?? '', ...readQuery(expr) })),
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ name: title, ...readQuery(expr) })),
  ),
];

/** The values of each label of each metric; Prometheus adds `job`, `instance` and so on. */
type Series = Map<string, Map<string, Set<string>>>;
const targetLabels = ['namespace', 'pod', 'job', 'instance'];

function add(series: Series, metric: string, labels: Record<string, string>): void {
  const known = series.get(metric) ?? new Map<string, Set<string>>();
  series.set(metric, known);
  for (const [label, value] of Object.entries(labels)) {
    known.set(label, known.get(label) ?? new Set());
    known.get(label)?.add(value);
  }
}

function addScrape(series: Series, job: string, text: string): void {
  for (const [, metric = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const own = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value]);
    add(series, metric, {
      ...Object.fromEntries(targetLabels.map((label) => [label, ''])),
      ...Object.fromEntries(own),
      job,
    });
  }
}

/** What Prometheus and the rules make themselves. */
function addMade(series: Series, jobs: readonly string[]): void {
  for (const job of jobs)
    add(series, 'up', { ...Object.fromEntries(targetLabels.map((label) => [label, ''])), job });
  for (const { alert } of rules) if (alert) add(series, 'ALERTS', { alertname: alert, alertstate: 'firing' });
  for (const { record, expr } of rules)
    if (record) for (const label of readQuery(expr).grouping) add(series, record, { [label]: '' });
}

function faultsOf({ metric, matchers }: Selector, series: Series): string[] {
  const labels = series.get(metric);
  if (labels === undefined) return [`${metric} is exported by nobody`];
  return matchers.flatMap(({ label, operator, value }) => {
    const values = labels.get(label);
    if (values === undefined) return [`${metric} has no label ${label}`];
    const isLiteral = operator === '=' || (operator === '=~' && /^[\w|/-]+$/.test(value));
    const missing = isLiteral && label !== 'job' ? value.split('|').filter((one) => !values.has(one)) : [];
    return missing.map((one) => `${metric} is never exported with ${label}="${one}"`);
  });
}

describe('rules and dashboard', () => {
  const series: Series = new Map();
  let jobs: string[];

  it.beforeAll(async ({ sharedStack: stack }) => {
    await signIn(stack);
    const { auth, cart } = stack.services;
    await send(auth.url, {
      method: 'POST',
      path: '/token',
      headers: { authorization: 'Basic bm9ib2R5Ong=' },
      form: { grant_type: 'client_credentials' },
    });
    await send(cart.url, { method: 'GET', path: '/cart' });
    const urls = {
      ...Object.fromEntries(serviceKeys.map((key) => [services[key].name, stack.services[key].url])),
      storefront: stack.storefront?.url ?? '',
    };
    jobs = Object.keys(urls);
    for (const [job, url] of Object.entries(urls))
      addScrape(series, job, await (await fetch(`${url}/metrics`)).text());
    addMade(series, jobs);
  });

  it('ask only for metrics, labels and values that the running servers export', () => {
    expect(queries.length).toBeGreaterThan(40);
    for (const { name, selectors, grouping } of queries) {
      expect(selectors, name).not.toEqual([]);
      expect(
        selectors.flatMap((selector) => faultsOf(selector, series)),
        name,
      ).toEqual([]);
      const known = selectors.flatMap(({ metric }) => [...(series.get(metric)?.keys() ?? [])]);
      for (const label of grouping) expect(known, name).toContain(label);
    }
  });

  it('ask for metrics that other programs export too by the names of all our servers', () => {
    const every = [...jobs].sort().join('|');
    const [variable] = dashboard.templating.list.filter(({ name }) => name === 'job');
    const sorted = (value = '') => value.split('|').sort().join('|');
    expect(sorted(variable?.allValue)).toBe(every);
    for (const { name, selectors } of queries)
      for (const { metric, matchers } of selectors.filter(({ metric }) =>
        /^(up|http_|nodejs_|process_)/.test(metric),
      )) {
        const [job] = matchers.filter(({ label }) => label === 'job');
        const isOne = job?.operator === '=' && jobs.includes(job.value);
        expect(isOne || job?.value === '$job' || sorted(job?.value) === every, `${name}: ${metric}`).toBe(
          true,
        );
      }
  });
});

test('every alert has a section in the runbook, and every section its alert', () => {
  const runbook = readFileSync(join(folder, '..', '..', 'docs', 'runbook.md'), 'utf8');
  const sections = [...runbook.matchAll(/^### (Latchkey\w+)$/gm)].map(([, name]) => name);
  const alerts = rules.filter(({ alert }) => alert !== undefined);
  expect(sections.toSorted()).toEqual(alerts.map(({ alert }) => alert).sort());
  for (const { alert = '', annotations } of alerts)
    expect(annotations?.['runbook']).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
});

const promtool = (...args: string[]) => spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });

describe.skipIf(promtool('--version').status !== 0)('by promtool', () => {
  test('the rules are valid, and the alerts fire on the series that they are for', () => {
    for (const args of [
      ['check', 'rules', '--lint-fatal', 'rules.yaml'],
      ['check', 'config', '--syntax-only', 'prometheus.yaml'],
      ['test', 'rules', 'rules.test.yaml'],
    ]) {
      const { status, stdout, stderr } = promtool(...args);
      expect(status, stdout + stderr).toBe(0);
    }
  });

  test('every alert is tried', () => {
    const tried = [...read('rules.test.yaml').matchAll(/alertname="(\w+)"/g)].map(([, name]) => name);
    expect([...new Set(tried)].sort()).toEqual(rules.flatMap(({ alert }) => alert ?? []).sort());
  });
});
