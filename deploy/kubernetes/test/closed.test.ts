import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { folder, it, type Manifest, manifests, ofKind } from './manifests.ts';

const packages: Readonly<Record<string, string>> = {
  'external-secrets.io/v1': '@kubernetes-models/external-secrets/',
  'gateway.networking.k8s.io/v1': '@kubernetes-models/gateway-api/',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/',
};
const moduleOf = ({ apiVersion }: Manifest) => (packages[apiVersion] ?? 'kubernetes-models/') + apiVersion;

/**
 * What the types of Kubernetes say against the manifests: as literals, so that a field that a type does not have is an
 * error.
 */
function faultsOf(list: readonly unknown[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-types-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  symlinkSync(join(folder, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  const lines = (list as Manifest[]).map(
    (manifest, index) =>
      `export const m${index}: import('${moduleOf(manifest)}').I${manifest.kind} = ${JSON.stringify(manifest, null, 1)};\n`,
  );
  writeFileSync(join(directory, 'manifests.ts'), lines.join(''));
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--pretty', 'false'];
  const { stdout } = spawnSync(join(folder, 'node_modules', '.bin', 'tsc'), [...options, 'manifests.ts'], {
    cwd: directory,
    encoding: 'utf8',
  });
  return stdout;
}

it('writes no field that Kubernetes or a custom resource does not know, and none of a wrong type', () => {
  const internet = parse(readFileSync(join(folder, 'overlays', 'production', 'internet.yaml'), 'utf8'));
  expect(faultsOf([...manifests.dev, ...manifests.production, internet])).toBe('');
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
