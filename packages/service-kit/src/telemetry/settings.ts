import { basename } from 'node:path';
import { type TSchema, Type } from 'typebox';
import { ConfigError, loadConfig } from '../settings/config.ts';
import { baseUrl, endpointUrl, isDecodable } from '../settings/setting-url.ts';
import { type SamplerName, samplerNames } from './sampling.ts';

const pair = /^\s*[^=,\s]+\s*=[^,]*$/;
const faultOfPairs = (text: string): string | undefined =>
  text.split(',').every((part) => part.trim() === '' || (pair.test(part) && isDecodable(part)))
    ? undefined
    : 'one of them is not name=value, percent-encoded';
const pairs = (description: string) => Type.Optional(Type.String({ description, fault: faultOfPairs }));
const exporter = (of: string) =>
  Type.Union([Type.Literal('otlp'), Type.Literal('none')], {
    default: 'otlp',
    description: `otlp or none: whether ${of} are reported`,
  });
const own = (of: string) =>
  Type.Optional(endpointUrl(`the whole http(s) URL for ${of}, if they go elsewhere`));

/**
 * The settings of telemetry, which every server reads: the environment variables of OpenTelemetry
 * (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables and …/protocol/exporter).
 */
export const telemetryConfig = {
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    baseUrl('the http(s) URL of an OpenTelemetry collector: everything is reported to it'),
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own('traces'),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: own('metrics'),
  OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: own('log lines'),
  OTEL_EXPORTER_OTLP_HEADERS: pairs('name=value[,…], percent-encoded: headers of each report, such as a key'),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: pairs('headers of the reports of traces alone'),
  OTEL_EXPORTER_OTLP_METRICS_HEADERS: pairs('headers of the reports of metrics alone'),
  OTEL_EXPORTER_OTLP_LOGS_HEADERS: pairs('headers of the reports of log lines alone'),
  OTEL_EXPORTER_OTLP_PROTOCOL: Type.Literal('http/json', {
    default: 'http/json',
    description: 'http/json, the only one that is spoken',
  }),
  OTEL_EXPORTER_OTLP_COMPRESSION: Type.Union([Type.Literal('gzip'), Type.Literal('none')], {
    default: 'none',
    description: 'gzip or none',
  }),
  OTEL_EXPORTER_OTLP_TIMEOUT: Type.Integer({
    minimum: 100,
    maximum: 10_000,
    default: 2000,
    description: 'milliseconds, 100 to 10000: how long a report may take',
  }),
  OTEL_METRIC_EXPORT_INTERVAL: Type.Integer({
    minimum: 1000,
    maximum: 600_000,
    default: 60_000,
    description: 'milliseconds, 1000 to 600000',
  }),
  OTEL_TRACES_EXPORTER: exporter('traces'),
  OTEL_METRICS_EXPORTER: exporter('metrics'),
  OTEL_LOGS_EXPORTER: exporter('log lines'),
  OTEL_TRACES_SAMPLER: Type.Union(
    samplerNames.map((name) => Type.Literal(name)),
    { default: 'parentbased_always_on', description: samplerNames.join(', ') },
  ),
  OTEL_TRACES_SAMPLER_ARG: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 1,
    description: '0 to 1: the share of traces that a sampler with traceidratio takes',
  }),
  OTEL_SERVICE_NAME: Type.Optional(Type.String({ description: 'another name than that of the service' })),
  OTEL_RESOURCE_ATTRIBUTES: pairs('name=value[,…], percent-encoded: attributes of every report'),
  OTEL_SDK_DISABLED: Type.Boolean({ default: false, description: 'true: nothing is reported' }),
  SPANS_ENDPOINT: Type.Optional(baseUrl('the http(s) URL that shows traces live, in the demo')),
} satisfies Record<string, TSchema>;

export type Signal = 'traces' | 'metrics' | 'logs';
export type Destination = { readonly url: URL; readonly headers: Readonly<Record<string, string>> };

export type TelemetrySettings = {
  /** Where each signal is reported to; none for those that are not. */
  readonly destinations: Readonly<Partial<Record<Signal, Destination>>>;
  readonly spansEndpoint: URL | undefined;
  readonly isCompressed: boolean;
  readonly timeoutMs: number;
  readonly metricsIntervalMs: number;
  readonly sampler: SamplerName;
  readonly sampledShare: number;
  /** Of every report. */
  readonly attributes: Readonly<Record<string, string>>;
};

/**
 * Reads the settings of telemetry.
 *
 * @throws {ConfigError} also when a variable says how to export, and it is not one that we understand: reports would go
 * another way than the operator thinks
 * @example readTelemetrySettings(process.env).destinations.traces?.url;
 */
export function readTelemetrySettings(env: Record<string, string | undefined>): TelemetrySettings {
  const strange = Object.keys(env).filter(
    (name) =>
      name.startsWith('OTEL_EXPORTER_OTLP_') && env[name] && !(name.replace(/_FILE$/, '') in telemetryConfig),
  );
  if (strange.length > 0)
    throw new ConfigError(strange.map((name) => `${name} is not supported: leave it out`));
  const config = loadConfig(Type.Object(telemetryConfig), env);
  const common = pairsIn(config.OTEL_EXPORTER_OTLP_HEADERS);
  const collector = baseOf(config.OTEL_EXPORTER_OTLP_ENDPOINT);

  function destinationOf(signal: Signal): Destination | undefined {
    const name = signal.toUpperCase() as Uppercase<Signal>;
    const whole = config[`OTEL_EXPORTER_OTLP_${name}_ENDPOINT`];
    const url = whole === undefined ? collector && new URL(`v1/${signal}`, collector) : new URL(whole);
    if (url === undefined || config[`OTEL_${name}_EXPORTER`] === 'none') return undefined;
    return { url, headers: { ...common, ...pairsIn(config[`OTEL_EXPORTER_OTLP_${name}_HEADERS`]) } };
  }

  const signals = (['traces', 'metrics', 'logs'] as const).flatMap((signal) => {
    const destination = config.OTEL_SDK_DISABLED ? undefined : destinationOf(signal);
    return destination === undefined ? [] : [[signal, destination] as const];
  });
  return {
    destinations: Object.fromEntries(signals),
    spansEndpoint: baseOf(config.SPANS_ENDPOINT),
    isCompressed: config.OTEL_EXPORTER_OTLP_COMPRESSION === 'gzip',
    timeoutMs: config.OTEL_EXPORTER_OTLP_TIMEOUT,
    metricsIntervalMs: config.OTEL_METRIC_EXPORT_INTERVAL,
    sampler: config.OTEL_TRACES_SAMPLER,
    sampledShare: config.OTEL_TRACES_SAMPLER_ARG,
    attributes: {
      'service.name': basename(process.cwd()),
      ...pairsIn(config.OTEL_RESOURCE_ATTRIBUTES),
      ...(config.OTEL_SERVICE_NAME !== undefined && { 'service.name': config.OTEL_SERVICE_NAME }),
    },
  };
}

function baseOf(address: string | undefined): URL | undefined {
  if (address === undefined) return undefined;
  return new URL(address.endsWith('/') ? address : `${address}/`);
}

function pairsIn(text = ''): Record<string, string> {
  const found = text.split(',').flatMap((part) => {
    const [name = '', ...value] = part.split('=');
    return part.trim() === '' ? [] : [[name.trim(), decodeURIComponent(value.join('=').trim())] as const];
  });
  return Object.fromEntries(found);
}
