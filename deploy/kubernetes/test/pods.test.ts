import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createService } from '@latchkey/service-kit';
import { describe, expect } from 'vitest';
import { parse } from 'yaml';
import {
  apps,
  compose,
  it,
  type Overlay,
  ofKind,
  ports,
  repository,
  sharedSettings,
  workloads,
} from './manifests.ts';

const overlays: Overlay[] = ['dev', 'production'];
const imageOf = (image: string) => /^(?:[^/]+\/)?([\w-]+)(?::([\w.]+))?$/.exec(image)?.slice(1) ?? [];
const dockerfile = readFileSync(join(repository, 'Dockerfile'), 'utf8');
const stages = Array.from(dockerfile.matchAll(/^FROM \S+ AS (\S+)/gm), ([, stage]) => stage);

describe.each(overlays)('in %s', (overlay) => {
  const pods = workloads(overlay).map(({ name, template }) => ({ name, spec: template.spec }));
  const containers = pods.flatMap(({ name, spec }) =>
    [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((container) => ({
      pod: name,
      ...container,
    })),
  );
  const servers = ofKind(overlay, 'Deployment').map(({ metadata, spec }) => {
    const pod = spec?.template.spec;
    return { name: metadata.name, pod, container: pod?.containers[0] };
  });

  it('deploys every server once', () => {
    expect(servers.map(({ name }) => name).sort()).toEqual([...apps].sort());
  });

  it('runs nothing as root, and gives no pod a token of the cluster', () => {
    for (const { spec } of pods) {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(spec?.securityContext?.runAsUser).toBeGreaterThan(0);
      expect(spec?.hostNetwork ?? spec?.hostPID ?? spec?.hostIPC).toBeUndefined();
    }
    expect(ofKind(overlay, 'Namespace')[0]?.metadata?.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
  });

  it('runs every container on a read-only root, without capabilities and with limits', () => {
    for (const { securityContext, resources } of containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(resources).toMatchObject({
        requests: { cpu: expect.anything(), memory: expect.anything() },
        limits: { memory: expect.anything() },
      });
    }
  });

  it('mounts nothing of the node', () => {
    const kinds = pods
      .flatMap(({ spec }) => spec?.volumes ?? [])
      .flatMap(({ name: _, ...volume }) => Object.keys(volume));
    expect(kinds.filter((kind) => !['configMap', 'emptyDir', 'secret'].includes(kind))).toEqual([]);
  });

  it('uses the images that docker compose builds, and its images of the stores', () => {
    for (const { pod, image = '' } of containers) {
      const [name = '', tag] = imageOf(image);
      const store = compose.services[pod]?.image;
      if (store !== undefined) expect(image).toBe(store);
      else {
        const { build } = compose.services[name.slice(`${compose.name}-`.length)] ?? {};
        expect(stages).toContain(build?.target);
        expect(apps).toContain(build?.args?.SERVICE);
        expect(tag).toEqual(overlay === 'production' ? expect.stringMatching(/^\d+\.\d+\.\d+$/) : undefined);
      }
    }
  });

  it.each(servers)(
    '$name listens, is reached and is probed where the table of services says',
    ({ name, container }) => {
      const number = ports[name];
      expect(container?.ports).toEqual([{ name: 'http', containerPort: number }]);
      expect(container?.env).toContainEqual({ name: 'PORT', value: String(number) });
      expect(imageOf(container?.image ?? '')[0]).toBe(`${compose.name}-${name}`);
      const service = ofKind(overlay, 'Service').find(({ metadata }) => metadata.name === name);
      expect(service?.spec?.ports).toEqual([{ name: 'http', port: number, targetPort: 'http' }]);
      const probes = {
        live: { httpGet: { path: '/live', port: 'http' } },
        ready: { httpGet: { path: '/ready', port: 'http' } },
      };
      expect(container).toMatchObject({
        startupProbe: probes.live,
        livenessProbe: probes.live,
        readinessProbe: probes.ready,
      });
    },
  );

  it('selects by each service, budget and constraint the pods of one server', () => {
    const labels = new Map(
      workloads(overlay).map(({ name, template }) => [name, template.metadata?.labels ?? {}]),
    );
    const selected = (selector: Record<string, string> | undefined) =>
      [...labels]
        .filter(([, own]) =>
          Object.entries(selector ?? { none: '' }).every(([key, value]) => own[key] === value),
        )
        .map(([name]) => name);
    for (const { metadata, spec } of ofKind(overlay, 'Service'))
      expect(selected(spec?.selector)).toEqual([metadata.name.replace(/-keys$/, '')]);
    for (const { metadata, spec } of ofKind(overlay, 'PodDisruptionBudget'))
      expect(selected(spec?.selector?.matchLabels)).toEqual([metadata.name]);
    for (const { name, pod } of servers) {
      const spread = pod?.topologySpreadConstraints ?? [];
      expect(spread.map(({ topologyKey }) => topologyKey)).toEqual([
        'topology.kubernetes.io/zone',
        'kubernetes.io/hostname',
      ]);
      for (const { labelSelector } of spread) expect(selected(labelSelector?.matchLabels)).toEqual([name]);
    }
  });

  it('waits for the end of a pod at least as long as preStop, drain and shutdown together', () => {
    const { DRAIN_MS: drainMs, SHUTDOWN_TIMEOUT_MS: shutdownMs } = sharedSettings(overlay);
    const ownSeconds = (Number(drainMs) + Number(shutdownMs)) / 1000;
    for (const { pod, container } of servers) {
      const sleep = container?.lifecycle?.preStop?.sleep?.seconds ?? 0;
      expect(sleep).toBeGreaterThanOrEqual(5);
      expect(pod?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(sleep + ownSeconds);
      const own = container?.env?.map(({ name }) => name) ?? [];
      expect(own.filter((name) => ['DRAIN_MS', 'SHUTDOWN_TIMEOUT_MS'].includes(name))).toEqual([]);
    }
  });

  it('never has fewer servers than before during a rollout', () => {
    for (const { spec } of ofKind(overlay, 'Deployment'))
      expect(spec?.strategy?.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
  });
});

it('probes, and measures, what every service answers', async () => {
  const app = await createService({
    name: 'cart-service',
    title: '',
    description: '',
    logLevel: 'silent',
    corsOrigins: [],
    trustedProxies: [],
  });
  for (const path of ['/live', '/ready']) expect((await app.inject(path)).statusCode).toBe(200);
  const adapter = parse(readFileSync(join(import.meta.dirname, '..', 'prometheus-adapter.yaml'), 'utf8'));
  const [{ seriesQuery, name, metricsQuery }] = adapter.rules.custom;
  const [series] = seriesQuery.split('{');
  expect((await app.inject('/metrics')).body).toContain(
    `${series}{method="GET",route="/live",status="200"} 1`,
  );
  expect(metricsQuery).toContain('route!~');
  for (const { spec } of ofKind('production', 'HorizontalPodAutoscaler'))
    expect(spec?.metrics?.[0]?.pods?.metric.name).toBe(name.as);
  await app.close();
});
