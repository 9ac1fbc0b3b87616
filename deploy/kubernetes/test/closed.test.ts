import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { folder, it, type Manifest, manifests, ofKind, repository } from './manifests.ts';

const packages: Readonly<Record<string, string>> = {
  'external-secrets.io/v1': '@kubernetes-models/external-secrets/',
  'gateway.networking.k8s.io/v1': '@kubernetes-models/gateway-api/',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/',
};
const moduleOf = ({ apiVersion }: Manifest) => (packages[apiVersion] ?? 'kubernetes-models/') + apiVersion;

/** A value for a type: as a literal, so that a field that the type does not have is an error. */
const literal = (name: string, type: string, value: unknown) =>
  `export const ${name}: ${type} = ${JSON.stringify(value, null, 1)};\n`;

/** What the types of Kubernetes say against the manifests. */
function faultsOf(list: readonly unknown[]): string {
  const types = (list as Manifest[]).map((manifest) => `import('${moduleOf(manifest)}').I${manifest.kind}`);
  return faultsIn(list.map((manifest, index) => literal(`m${index}`, types[index] ?? '', manifest)).join(''));
}

/** What the compiler says about a program. */
function faultsIn(program: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-types-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  symlinkSync(join(folder, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(directory, 'manifests.ts'), program);
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--pretty', 'false'];
  const { stdout } = spawnSync(join(folder, 'node_modules', '.bin', 'tsc'), [...options, 'manifests.ts'], {
    cwd: directory,
    encoding: 'utf8',
  });
  return stdout;
}

it('writes no field that Kubernetes or a custom resource does not know, and none of a wrong type', () => {
  const internet = parse(readFileSync(join(folder, 'overlays', 'production', 'internet.yaml'), 'utf8'));
  expect(faultsOf([...manifests.dev, ...manifests.production, ...manifests.withCollector, internet])).toBe(
    '',
  );
});

it('would notice a misspelt field, a wrong type, a missing field and an unknown word', () => {
  const [deployment] = ofKind('production', 'Deployment');
  const [route] = ofKind('production', 'HTTPRoute');
  const { template, selector } = deployment?.spec ?? {};
  const broken = [
    {
      ...deployment,
      spec: { selector, template: { ...template, spec: { ...template?.spec, hostnetwork: true } } },
    },
    { ...deployment, spec: { selector, template, replicas: '2' } },
    { ...deployment, spec: { selector } },
    { ...route, spec: { ...route?.spec, rules: [{ matches: [{ path: { type: 'Exactly', value: '/' } }] }] } },
  ];
  const faults = faultsOf(broken)
    .split('\n')
    .filter((line) => line.startsWith('manifests.ts'));
  expect(faults).toEqual([
    expect.stringMatching(/hostnetwork.* does not exist/),
    expect.stringContaining("Type 'string' is not assignable to type 'number'"),
    expect.stringMatching(/Property .*template.* is missing/),
    expect.stringContaining('"Exactly"'),
  ]);
});

/** Kustomize breaks the lines of a long base64 text. Kubernetes takes that, and the schema does not. */
function inOneLine(manifest: Manifest & { data?: Record<string, string> }): Manifest {
  if (manifest.kind !== 'Secret') return manifest;
  const entries = Object.entries(manifest.data ?? {});
  const data = Object.fromEntries(entries.map(([name, text]) => [name, text.replaceAll('\n', '')]));
  return { ...manifest, data } as Manifest;
}

it('writes values of the form that Kubernetes demands', async () => {
  for (const manifest of [...manifests.dev, ...manifests.production]) {
    const models = await import(moduleOf(manifest));
    expect(() => new models[manifest.kind](inOneLine(manifest)).validate()).not.toThrow();
  }
});

const grafana = '@grafana/schema/dist/esm/raw';
/** JSON has the values of Grafana's enumerations, and not their names. */
const asWritten = `type Json<T> = T extends string ? \`\${T}\` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;\n`;

type Panel = { type: string; options?: object; fieldConfig?: { defaults: { custom?: object } } };
type Dashboard = { panels: readonly Panel[] };

function faultsOfDashboard(dashboard: Dashboard): string {
  const parts = dashboard.panels.flatMap(({ type, options, fieldConfig }, index) => {
    if (type === 'row') return [];
    const names = { timeseries: 'TimeSeriesPanelCfg', stat: 'StatPanelCfg' }[type] ?? 'unknown';
    const module = `import('${grafana}/composable/${type}/panelcfg/x/${names}_types.gen')`;
    return [
      literal(`options${index}`, `Json<${module}.Options>`, options),
      ...(type === 'timeseries'
        ? [literal(`custom${index}`, `Json<${module}.FieldConfig>`, fieldConfig?.defaults.custom)]
        : []),
    ];
  });
  const whole = `Json<import('${grafana}/dashboard/x/Dashboard_types.gen').Dashboard>`;
  return faultsIn(asWritten + literal('dashboard', whole, dashboard) + parts.join(''));
}

test('the dashboard has no field that Grafana does not know, and none of a wrong type', () => {
  const path = join(repository, 'deploy', 'observability', 'dashboard.json');
  const dashboard: Dashboard = JSON.parse(readFileSync(path, 'utf8'));
  expect(faultsOfDashboard(dashboard)).toBe('');
  const [, first, second] = dashboard.panels;
  const broken = faultsOfDashboard({
    ...dashboard,
    panels: [
      { ...first, type: 'stat', options: { ...first?.options, colorMode: 'loud' } },
      { ...second, type: 'stat', unit: 's' } as Panel,
    ],
  });
  expect(broken).toMatch(/"loud"/);
  expect(broken).toMatch(/'?"?unit.* does not exist/);
});
