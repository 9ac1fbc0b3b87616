import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { connectionsOf, type Place } from './connections.ts';
import {
  apps,
  compose,
  folder,
  it,
  type Overlay,
  ofKind,
  ports,
  sharedSettings,
  workloads,
} from './manifests.ts';

/** Services of docker-compose.yml that no cluster gets, because they are for one's own machine. */
const forOneMachine = [
  'secrets',
  ...['demo-accounts', 'gift-ideas-registration', 'gift-ideas', 'example-id'],
  ...['demo', 'load', 'observe'],
];
/** They answer, and call nobody. Compose's networks have no direction. */
const stores = ['postgres', 'redis'];

/** Who shares a network with whom in docker-compose.yml. The front only passes on what comes from outside. */
function connectionsOfCompose(): string[] {
  const networksOf = (name: string) => compose.services[name]?.networks ?? [];
  const names = Object.keys(compose.services).filter((name) => !forOneMachine.includes(name));
  return names
    .filter((from) => !stores.includes(from))
    .flatMap((from) =>
      names
        .filter((to) => to !== from && to !== 'front')
        .filter((to) => networksOf(from).some((network) => networksOf(to).includes(network)))
        .map((to) => `${from} → ${to}:${ports[to]}`),
    );
}

/** Nobody listens there, and so nothing may be let through. */
const unused = [{ number: 9 }, { number: 443 }, { number: 9229 }];

function pods(overlay: Overlay | 'withCollector'): Place[] {
  return workloads(overlay).map(({ name, template }) => {
    const used = (template.spec?.containers ?? []).flatMap(({ ports: own = [] }) => own);
    return {
      name,
      labels: template.metadata?.labels ?? {},
      ports: [...used.map((port) => ({ name: port.name, number: port.containerPort })), ...unused],
    };
  });
}

const inNamespace = (name: string) => ({ 'kubernetes.io/metadata.name': name });
const http = { name: 'http', number: 80 };
const gateway: Place = {
  name: 'front',
  labels: {},
  namespace: inNamespace('envoy-gateway-system'),
  ports: [http],
};
const prometheus: Place = {
  name: 'prometheus',
  labels: { 'app.kubernetes.io/name': 'prometheus' },
  namespace: inNamespace('monitoring'),
  ports: [http],
};
const names: Place = {
  name: 'names',
  labels: { 'k8s-app': 'kube-dns' },
  namespace: inNamespace('kube-system'),
  ports: [{ number: 53, protocol: 'UDP' }],
};
const managed: Place[] = [
  { name: 'postgres', labels: {}, ip: '192.0.2.10', ports: [{ number: 5432 }] },
  { name: 'redis', labels: {}, ip: '192.0.2.200', ports: [{ number: 6379 }] },
];
/** Nobody reaches these, and they reach nobody. */
const strangers: Place[] = [
  { name: 'another pod here', labels: {}, ports: [http] },
  {
    name: 'a pod elsewhere',
    labels: { 'network.latchkey/services': 'joined', 'network.latchkey/postgres': 'joined' },
    namespace: inNamespace('default'),
    ports: [http],
  },
  { name: 'another pod beside Prometheus', labels: {}, namespace: inNamespace('monitoring'), ports: [http] },
  { name: 'the internet', labels: {}, ip: '203.0.113.9', ports: [{ number: 443 }] },
];

/** Without those that compose has no need of: names are resolved by Docker itself. */
function connections(overlay: Overlay, places: Place[]): { allowed: string[]; named: string[] } {
  const all = connectionsOf(ofKind(overlay, 'NetworkPolicy'), places);
  const isBetweenOutsiders = (connection: string) => {
    const [from, to] = connection
      .split(' → ')
      .map((end) => places.find(({ name }) => name === end.replace(/:\d+$/, '')));
    return [from, to].every((place) => place?.namespace !== undefined || place?.ip !== undefined);
  };
  const inside = all.filter((connection) => !isBetweenOutsiders(connection));
  return {
    allowed: inside.filter((connection) => !connection.includes('→ names')),
    named: inside.filter((connection) => connection.includes('→ names')),
  };
}

it('deploys every service of compose, or says that it is for one machine', () => {
  const deployed = [...workloads('dev').map(({ name }) => name), 'front'];
  expect(Object.keys(compose.services).sort()).toEqual([...deployed, ...forOneMachine].sort());
});

it('allows on one machine what compose allows, and nothing else', () => {
  const { allowed } = connections('dev', [...pods('dev'), names, gateway, prometheus, ...strangers]);
  expect(allowed.sort()).toEqual(
    connectionsOfCompose()
      .filter((one) => !one.startsWith('front'))
      .sort(),
  );
});

it('allows in production what compose allows, and that metrics are read and databases migrated', () => {
  const inside = pods('production');
  const { allowed } = connections('production', [
    ...inside,
    names,
    gateway,
    prometheus,
    ...managed,
    ...strangers,
  ]);
  const more = [
    ...apps.map((name) => `prometheus → ${name}:${ports[name]}`),
    ...workloads('production').flatMap(({ kind, name }) =>
      kind === 'Job' ? [`${name} → postgres:5432`] : [],
    ),
  ];
  expect(allowed.sort()).toEqual([...connectionsOfCompose(), ...more].sort());
});

it('lets every pod resolve names, and nothing else in kube-system', () => {
  const other = { ...names, name: 'names too', labels: {} };
  for (const overlay of ['dev', 'production'] as const) {
    const inside = pods(overlay);
    const { named } = connections(overlay, [...inside, names, other]);
    expect(named.sort()).toEqual(inside.map(({ name }) => `${name} → names:53`).sort());
  }
});

it('keeps the stores from calling anybody but themselves', () => {
  for (const store of stores) {
    const { allowed } = connections('dev', [...pods('dev'), gateway, ...strangers]);
    expect(allowed.filter((connection) => connection.startsWith(`${store} →`))).toEqual([]);
  }
});

it('lets auth-service alone call the internet, and nothing private, once an operator wants it', () => {
  const internet = parse(readFileSync(join(folder, 'overlays', 'production', 'internet.yaml'), 'utf8'));
  const outside = ['203.0.113.9', '169.254.169.254', '10.1.2.3', '172.20.0.1', '192.168.1.1'].map((ip) => ({
    ...{ name: ip, labels: {}, ip },
    ports: [{ number: 443 }, { number: 25 }],
  }));
  const policies = [...ofKind('production', 'NetworkPolicy'), internet];
  const found = connectionsOf(policies, [...pods('production'), ...outside]);
  const called = found.filter((connection) => outside.some(({ ip }) => connection.includes(`→ ${ip}:`)));
  expect(called).toEqual(['auth-service → 203.0.113.9:443']);
});

it('lets every server report to a collector, once an operator wants it, and nobody else there', () => {
  const beside = (name: string, labels: Record<string, string>): Place => ({
    ...{ name, labels, namespace: inNamespace('monitoring') },
    ports: [{ number: 4318 }, { number: 4317 }],
  });
  const collector = beside('collector', { 'app.kubernetes.io/name': 'opentelemetry-collector' });
  const places = [...pods('withCollector'), collector, beside('another', {})];
  const added = connectionsOf(ofKind('withCollector', 'NetworkPolicy'), places).filter((connection) =>
    /^(?!collector|another).*→ (collector|another)/.test(connection),
  );
  expect(added.sort()).toEqual(apps.map((app) => `${app} → collector:4318`).sort());
  const { OTEL_EXPORTER_OTLP_ENDPOINT = '' } = sharedSettings('withCollector');
  expect(new URL(OTEL_EXPORTER_OTLP_ENDPOINT).host).toBe('opentelemetry-collector.monitoring:4318');
});
