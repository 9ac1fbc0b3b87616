import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceKeys, services, verifierKeys } from '@latchkey/services';
import { describe, expect, onTestFinished } from 'vitest';
import { apps, it, type Overlay, ofKind, podOf, repository, sharedSettings, workloads } from './manifests.ts';

type App = {
  configSchema: { properties: object };
  readConfig: (env: Record<string, string>) => Record<string, unknown>;
};
const programs: Readonly<Record<string, App>> = Object.fromEntries(
  await Promise.all(
    apps.map(async (app) => [app, await import(join(repository, 'apps', app, 'src', 'config.ts'))]),
  ),
);
const knows = (app: string, setting: string) => setting in (programs[app]?.configSchema.properties ?? {});

/** The files of each Secret: with their texts where we make them, and empty where an operator does. */
function secretFiles(overlay: Overlay): Map<string, Record<string, string>> {
  const made = ofKind(overlay, 'Secret').map(
    ({ metadata, data = {} }) =>
      [
        metadata.name,
        Object.fromEntries(
          Object.entries(data).map(([file, text]) => [file, Buffer.from(text, 'base64').toString()]),
        ),
      ] as const,
  );
  const fetched = ofKind(overlay, 'ExternalSecret').map(
    ({ metadata, spec }) =>
      [
        metadata.name,
        Object.fromEntries((spec?.data ?? []).map(({ secretKey }) => [secretKey, ''])),
      ] as const,
  );
  return new Map([...made, ...fetched]);
}

/** The files that a server finds in /run/secrets. */
function mounted(overlay: Overlay, app: string): Record<string, string> {
  const pod = podOf(overlay, app);
  const volume = pod?.volumes?.find(({ name }) => name === 'secrets');
  if (volume === undefined) return {};
  const mount = pod?.containers[0]?.volumeMounts?.find(({ name }) => name === 'secrets');
  expect(mount).toEqual({ name: 'secrets', mountPath: '/run/secrets', readOnly: true });
  const files = secretFiles(overlay).get(volume.secret?.secretName ?? '');
  if (files === undefined) throw new Error(`nobody makes ${volume.secret?.secretName}`);
  return files;
}

/** The environment of a server, as the kubelet makes it. */
function environmentOf(overlay: Overlay, app: string): Record<string, string> {
  const pod = podOf(overlay, app);
  const environment = { ...sharedSettings(overlay) };
  for (const { name, value = '' } of pod?.containers[0]?.env ?? [])
    environment[name] = value.replaceAll(/\$\((\w+)\)/g, (_, other) => environment[other] ?? `no ${other}`);
  return environment;
}

/** The same with the files of dev in a folder of their own. In production only their names are known. */
function readable(overlay: Overlay, app: string): Record<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const names = Object.keys(mounted(overlay, app));
  const texts = mounted('dev', app);
  for (const name of names) writeFileSync(join(directory, name), texts[name] ?? '');
  return Object.fromEntries(
    Object.entries(environmentOf(overlay, app)).map(([name, value]) => [
      name,
      value.replace('/run/secrets', directory),
    ]),
  );
}

describe.each<Overlay>(['dev', 'production'])('in %s', (overlay) => {
  it.each(apps)('%s accepts its settings', (app) => {
    const config = programs[app]?.readConfig(readable(overlay, app));
    expect(config).toMatchObject({ HOST: '0.0.0.0', NODE_ENV: 'production' });
  });

  it('names no setting that nobody reads', () => {
    for (const setting of Object.keys(sharedSettings(overlay)))
      expect(
        apps.filter((app) => knows(app, setting)),
        setting,
      ).not.toEqual([]);
    for (const app of apps)
      for (const { name } of podOf(overlay, app)?.containers[0]?.env ?? [])
        expect(knows(app, name.replace(/_FILE$/, '')), `${app}: ${name}`).toBe(true);
  });

  it('mounts every secret that is read from a file, and no other', () => {
    for (const app of apps) {
      const read = Object.values(environmentOf(overlay, app)).filter((value) =>
        value.startsWith('/run/secrets/'),
      );
      const files = Object.keys(mounted(overlay, app)).map((file) => `/run/secrets/${file}`);
      expect(files.sort()).toEqual(read.sort());
    }
  });

  it('makes or fetches every secret that something mounts', () => {
    const known = secretFiles(overlay);
    const volumes = workloads(overlay).flatMap(({ template }) => template.spec?.volumes ?? []);
    const used = volumes.flatMap(({ secret }) => secret?.secretName ?? []);
    expect([...known.keys()].sort()).toEqual([...new Set(used)].sort());
  });

  it('names servers inside the cluster that are there, on their port', () => {
    const ports = new Map(
      ofKind(overlay, 'Service').map(({ metadata, spec }) => [metadata.name, spec?.ports?.[0]?.port]),
    );
    const addresses = Object.values(sharedSettings(overlay)).flatMap((value) => [
      ...value.matchAll(/http:\/\/([a-z-]+):(\d+)/g),
    ]);
    const inside = addresses.filter(([, host]) => host !== 'localhost');
    expect(inside).not.toEqual([]);
    for (const [, host, port] of inside) expect(ports.get(host ?? '')).toBe(Number(port));
  });

  it('tells auth-service of every service, and each service of those that it calls', () => {
    const auth = environmentOf(overlay, services.auth.name);
    for (const key of verifierKeys) {
      const { name, port } = services[key];
      expect(auth['SERVICE_JWKS_URIS']).toContain(
        `${name}=http://${name}-keys:${port}/.well-known/jwks.json`,
      );
      const { RESOURCE_URL } = environmentOf(overlay, name);
      expect(auth['RESOURCE_URLS']).toContain(`${name}=${RESOURCE_URL}`);
    }
    for (const key of serviceKeys)
      for (const called of services[key].called) {
        const { name, port, urlVariable } = services[called];
        expect(environmentOf(overlay, services[key].name)[urlVariable]).toBe(`http://${name}:${port}`);
      }
    // With which they compare the URL of a proof (RFC 9449).
    for (const key of serviceKeys) {
      const { name, port } = services[key];
      expect(environmentOf(overlay, name)['INTERNAL_URLS']).toBe(`http://${name}:${port}`);
    }
  });

  it('lets keys, and nothing else, be read from a service that is not ready', () => {
    const early = ofKind(overlay, 'Service').filter(({ spec }) => spec?.publishNotReadyAddresses);
    const { JWKS_URI = '', SERVICE_JWKS_URIS = '' } = sharedSettings(overlay);
    const keySets = [JWKS_URI, ...SERVICE_JWKS_URIS.split(',').map((entry) => entry.replace(/^[^=]+=/, ''))];
    const hosts = keySets.map((url) => new URL(url).hostname);
    expect(early.map(({ metadata }) => metadata.name).sort()).toEqual(hosts.sort());
    const others = Object.entries(sharedSettings(overlay)).filter(
      ([name]) => !name.endsWith('JWKS_URI') && !name.endsWith('JWKS_URIS'),
    );
    for (const [, value] of others) expect(value).not.toContain('-keys:');
  });
});
