import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '@latchkey/services';
import { problemCodes } from '../packages/service-kit/src/problems/problem-codes.ts';
import { telemetryConfig } from '../packages/service-kit/src/telemetry/settings.ts';
import { composeFile } from './compose.ts';
import { withFigures } from './figures.ts';
import { withScaleTables } from './scale.ts';

// npm run reference: writes the documents that are made from the code, the parts of docker-compose.yml for each
// service, the measured figures that documents quote, and the tables of docs/scale.md. A test fails while they are out of date.

type Property = { readonly description?: string; readonly default?: unknown };

type ConfigSchema = { readonly properties: object; readonly required?: readonly string[] };

const repository = join(import.meta.dirname, '..');
const apps = [...Object.values(services).map(({ name }) => name), 'storefront'];
const schemas: Readonly<Record<string, ConfigSchema>> = Object.fromEntries(
  await Promise.all(
    apps.map(async (app) => {
      const { configSchema } = await import(join(repository, 'apps', app, 'src', 'config.ts'));
      return [app, { ...configSchema, properties: { ...configSchema.properties, ...telemetryConfig } }];
    }),
  ),
);

const isSetBy = (service: string, name: string) => name in (schemas[service]?.properties ?? {});

/** docs/configuration.md: every setting with its values, its default, and the services that read it. */
function configuration(): string {
  const settings = new Map<string, { property: Property; isRequired: boolean }>();
  for (const { properties, required = [] } of Object.values(schemas)) {
    for (const [name, property] of Object.entries(properties))
      if (!settings.has(name)) settings.set(name, { property, isRequired: required.includes(name) });
  }
  const rows = [...settings]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, { property, isRequired }]) => {
      const readers = Object.keys(schemas).filter((service) => isSetBy(service, name));
      const by = readers.length === Object.keys(schemas).length ? 'all' : readers.join(', ');
      return [`\`${name}\``, property.description ?? '', defaultOf(property, isRequired), by];
    });
  return [
    '# Settings',
    'Made by `npm run reference` from the schema of each service (`src/config.ts`). A service refuses to start with a ' +
      'setting that is missing or wrong, and names all of them at once.',
    'Settings are environment variables. Any NAME may come from a file instead, which NAME_FILE names: for secrets. ' +
      'Lists are separated by commas. What is used anew while a service runs, such as the URL of a store, is read from ' +
      'its file again.',
    table(['setting', 'what it takes', 'default', 'read by'], rows),
  ].join('\n\n');
}

function defaultOf(property: Property, isRequired: boolean): string {
  if (property.default === undefined) return isRequired ? 'none: it must be set' : 'none: it may be left out';
  return Array.isArray(property.default) ? 'none' : `\`${property.default}\``;
}

/** docs/errors.md: every code of a problem document. */
function errors(): string {
  const rows = Object.entries(problemCodes)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([code, { status, meaning, remedy }]) => [`\`${code}\``, String(status), meaning, remedy]);
  return [
    '# Errors',
    'Made by `npm run reference` from `packages/service-kit/src/problems/problem-codes.ts`.',
    'Every error is a problem document (RFC 9457, `application/problem+json`). `code` is stable and for programs; ' +
      '`detail` is for people; `instance` is the request id, to be found again in the log. `Retry-After` says how long to ' +
      'wait. The OAuth endpoints (`/token`, `/revoke`, `/introspect`) answer errors of the client with the JSON of ' +
      'RFC 6749 §5.2 instead.',
    table(['code', 'status', 'meaning', 'what a client does'], rows),
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n');
}

/** The rules of Prometheus for its operator. */
function rulesForKubernetes(): string {
  const [, groups = ''] = readFileSync(join(observability, 'rules.yaml'), 'utf8').split(/^(?=groups:)/m);
  return [
    '# Made by `npm run reference` from rules.yaml.',
    'apiVersion: monitoring.coreos.com/v1',
    'kind: PrometheusRule',
    'metadata:',
    '  name: latchkey',
    'spec:',
    groups.replaceAll(/^(?=.)/gm, '  '),
  ].join('\n');
}

const docs = join(repository, 'docs');
const observability = join(repository, 'deploy', 'observability');
const compose = join(repository, 'docker-compose.yml');
const scale = join(docs, 'scale.md');
/** The documents that quote measured figures. */
const quoting = [
  'README.md',
  'README.ko.md',
  ...['performance', 'delegation', 'redis'].map((name) => `docs/${name}.md`),
];

/** The text of each file, by its path. */
export const reference: Readonly<Record<string, string>> = {
  [join(docs, 'configuration.md')]: configuration(),
  [join(docs, 'errors.md')]: errors(),
  ...Object.fromEntries(quoting.map((name) => [join(repository, name), withFigures(join(repository, name))])),
  [join(observability, 'rules.kubernetes.yaml')]: rulesForKubernetes(),
  [scale]: withScaleTables(withFigures(scale)),
  [compose]: composeFile(readFileSync(compose, 'utf8')),
};

if (import.meta.main) for (const [path, text] of Object.entries(reference)) writeFileSync(path, text);
