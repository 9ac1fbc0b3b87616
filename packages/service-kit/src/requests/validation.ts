import AjvCompiler from '@fastify/ajv-compiler';
import SerializerSelector from '@fastify/fast-json-stringify-compiler';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';

type Compile = (route: { schema?: unknown; httpPart?: string }) => (data: unknown) => unknown;

// An unknown property is refused, not silently removed, so that a caller notices a misspelt `quantity`.
// Only in URLs "1" may become 1, because numbers in a URL arrive as text.
const bodyOptions = {
  removeAdditional: false,
  useDefaults: true,
  coerceTypes: false,
  allErrors: false,
  // The meta-schema takes longer to compile than all of ours, and finds little that the compiler does not.
  validateSchema: false,
};
const urlOptions = { ...bodyOptions, coerceTypes: 'array' };

// The `uuid` of ajv-formats also takes `urn:uuid:…`, which is no UUID (RFC 9562 §4) and which Postgres cannot read.
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const onCreate = (ajv: { addFormat(name: string, format: RegExp): unknown }) => ajv.addFormat('uuid', uuid);

// The packages' own types also cover JSON Type Definition, which makes their calls untypable.
type Factory = (externalSchemas: unknown, options: object) => Compile;
const validators = AjvCompiler() as unknown as Factory;
const serializers = SerializerSelector() as unknown as Factory;

function buildValidator(externalSchemas: unknown, options: object): Compile {
  const compilerOf = (part: string, customOptions: object) =>
    compileOnce(validators(externalSchemas, { ...options, customOptions, onCreate }), [
      part,
      externalSchemas,
    ]);
  const body = compilerOf('body', bodyOptions);
  const elsewhere = compilerOf('elsewhere', urlOptions);
  return (route) => (route.httpPart === 'body' ? body(route) : elsewhere(route));
}

function buildSerializer(externalSchemas: unknown, options: object): Compile {
  return compileOnce(serializers(externalSchemas, options), ['answer', externalSchemas]);
}

const compiled = new Map<string, ReturnType<Compile>>();

/** Compiles equal schemas once in this process: routes share their error answers, and tests build many services. */
function compileOnce(compile: Compile, kind: unknown): Compile {
  return (route) => {
    const key = JSON.stringify([kind, route.schema], (_, value) =>
      value instanceof RegExp ? String(value) : value,
    );
    const known = compiled.get(key) ?? compile(route);
    compiled.set(key, known);
    return known;
  };
}

/** How requests are validated, bodies strictly, URLs and headers with coercion; and how answers are written. */
export const schemaController: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: {
    buildValidator: buildValidator as unknown as AjvCompiler.BuildCompilerFromPool,
    buildSerializer: buildSerializer as unknown as SerializerSelector.SerializerFactory,
  },
};

/** Forbids unknown properties in every body schema that does not itself decide about them. */
export function refuseUnknownProperties(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.schema?.body !== undefined) route.schema = { ...route.schema, body: closed(route.schema.body) };
  });
}

function closed(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const copy: Record<string, unknown> = { ...schema };
  for (const key of ['anyOf', 'oneOf', 'items']) if (key in copy) copy[key] = closed(copy[key]);
  if (typeof copy.properties === 'object' && copy.properties !== null) {
    const properties = Object.entries(copy.properties);
    copy.properties = Object.fromEntries(properties.map(([name, property]) => [name, closed(property)]));
    copy.additionalProperties ??= false;
  }
  return copy;
}
