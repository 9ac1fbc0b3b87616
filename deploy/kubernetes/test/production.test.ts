import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { apps, folder, it, type Manifest, manifests, ofKind, sharedSettings } from './manifests.ts';

const texts = (list: readonly Manifest[]) => list.map((manifest) => JSON.stringify(manifest));

it('keeps two replicas or more of every server, of which one at a time may be moved', () => {
  for (const { metadata, spec } of ofKind('production', 'Deployment')) {
    expect(spec?.replicas).toBeUndefined();
    const scaler = ofKind('production', 'HorizontalPodAutoscaler').find(
      (one) => one.spec?.scaleTargetRef.name === metadata.name,
    );
    expect(scaler?.spec?.minReplicas).toBeGreaterThanOrEqual(2);
    const budget = ofKind('production', 'PodDisruptionBudget').find(
      (one) => one.metadata.name === metadata.name,
    );
    expect(budget?.spec).toMatchObject({ maxUnavailable: 1 });
  }
  expect(ofKind('production', 'HorizontalPodAutoscaler')).toHaveLength(apps.length);
});

it('scales nothing in dev', () => {
  expect(ofKind('dev', 'HorizontalPodAutoscaler')).toEqual([]);
});

it('has nothing of dev in production', () => {
  expect(ofKind('production', 'StatefulSet')).toEqual([]);
  for (const text of texts(manifests.production))
    expect(text).not.toMatch(/localhost|127\.0\.0\.1|latchkey-dev|DEMO/);
  const settings = sharedSettings('production');
  expect(settings).toMatchObject({ NODE_ENV: 'production', REDIS_EVICTION: 'refuse' });
  for (const [name, value] of Object.entries(settings))
    if (name.endsWith('_ORIGIN')) expect(value).toMatch(/^https:\/\/[a-z]+\.example\.com$/);
});

it('contains no secret: operators have them in production, and in dev they are made', () => {
  expect(ofKind('production', 'Secret')).toEqual([]);
  const made = ofKind('dev', 'Secret').flatMap(({ data = {} }) => Object.values(data));
  const values = made.flatMap(
    (text) =>
      Buffer.from(text, 'base64')
        .toString()
        .match(/[\w-]{43}/g) ?? [],
  );
  expect(values.length).toBeGreaterThan(8);
  const others = manifests.dev.filter(({ kind }) => kind !== 'Secret');
  for (const text of texts(others)) for (const value of values) expect(text).not.toContain(value);
  const tracked = execFileSync('git', ['ls-files', '-z', '.'], { cwd: folder, encoding: 'utf8' });
  for (const path of tracked.split('\0').filter((name) => /\.(yaml|sh|sql)$/.test(name)))
    expect(readFileSync(join(folder, path), 'utf8'), path).not.toMatch(/[\w-]{43,}|:\/\/\w+:[^-@]+@/);
});

it('leads from each origin to its server, whose metrics stay inside', () => {
  const settings = sharedSettings('production');
  const routes = ofKind('production', 'HTTPRoute');
  expect(routes.map(({ metadata }) => metadata.name).sort()).toEqual([...apps].sort());
  for (const { metadata, spec } of routes) {
    const { port } =
      ofKind('production', 'Service').find((one) => one.metadata.name === metadata.name)?.spec?.ports?.[0] ??
      {};
    const origin = settings[`${metadata.name.replace('-service', '').toUpperCase()}_ORIGIN`];
    expect(spec).toMatchObject({
      hostnames: [origin?.replace('https://', '')],
      parentRefs: [{ name: 'latchkey' }],
    });
    expect(spec?.rules?.[0]).toEqual({ backendRefs: [{ name: metadata.name, port }] });
    expect(spec?.rules).toContainEqual({ matches: [{ path: { type: 'PathPrefix', value: '/metrics' } }] });
  }
});

it('sets no time limit on the feed', () => {
  const auth = ofKind('production', 'HTTPRoute').find(({ metadata }) => metadata.name === 'auth-service');
  expect(auth?.spec?.rules).toContainEqual({
    matches: [{ path: { type: 'Exact', value: '/revocations' } }],
    backendRefs: [{ name: 'auth-service', port: 4000 }],
    timeouts: { request: '0s', backendRequest: '0s' },
  });
});

it('reads the metrics of every server', () => {
  const [monitor] = ofKind('production', 'ServiceMonitor');
  const wanted = Object.entries(monitor?.spec?.selector?.matchLabels ?? {});
  const named = ofKind('production', 'Service').filter(({ spec }) =>
    spec?.ports?.some(({ name }) => name === 'http'),
  );
  const found = named.filter(({ metadata }) =>
    wanted.every(
      ([label, value]) => (metadata as { labels?: Record<string, string> }).labels?.[label] === value,
    ),
  );
  expect(found.map(({ metadata }) => metadata.name).sort()).toEqual([...apps].sort());
  expect(monitor?.spec?.endpoints).toMatchObject([{ port: 'http', path: '/metrics' }]);
});

it('migrates every database by a role of its own, from the image of its service', () => {
  const jobs = ofKind('production', 'Job').map(({ spec }) => spec?.template.spec);
  const found = jobs.map((pod) => ({
    image: pod?.containers[0]?.image,
    secret: pod?.volumes?.[0]?.secret?.secretName,
  }));
  const backends = ofKind('production', 'Deployment').filter(
    ({ metadata }) => metadata.name !== 'storefront',
  );
  expect(found).toEqual(
    backends.map(({ metadata, spec }) => ({
      image: spec?.template.spec?.containers[0]?.image,
      secret: `${metadata.name}-migration-secrets`,
    })),
  );
});
