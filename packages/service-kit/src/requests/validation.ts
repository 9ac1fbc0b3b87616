import AjvCompiler from '@fastify/ajv-compiler';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';

type Compile = (route: AjvCompiler.RouteDefinition) => (data: unknown) => boolean;

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

// The package's own type also covers JSON Type Definition, which makes its calls untypable.
const build = AjvCompiler() as unknown as (externalSchemas: unknown, options: object) => Compile;

function buildValidator(externalSchemas: unknown, options: object): Compile {
  const body = build(externalSchemas, { ...options, customOptions: bodyOptions });
  const elsewhere = build(externalSchemas, { ...options, customOptions: urlOptions });
  return (route) => (route.httpPart === 'body' ? body(route) : elsewhere(route));
}

/** How requests are validated: bodies strictly, URLs and headers with coercion. */
export const schemaController: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: buildValidator as unknown as AjvCompiler.BuildCompilerFromPool },
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
