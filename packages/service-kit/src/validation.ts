import AjvCompiler from '@fastify/ajv-compiler';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';

type Compile = (route: AjvCompiler.RouteDefinition) => (data: unknown) => boolean;

// An unknown property is refused, not silently removed: a caller who misspells `quantity` wants to hear of it.
// Numbers in a URL arrive as text, so only there may "1" become 1.
const bodyOptions = {
  removeAdditional: false,
  useDefaults: true,
  coerceTypes: false,
  allErrors: false,
  // The schema of schemas takes longer to compile than all of ours, and finds little that the compiler does not.
  validateSchema: false,
};
const urlOptions = { ...bodyOptions, coerceTypes: 'array' };

// The package's own type covers JSON Type Definition too, and with it no single call can be typed.
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

/** Closes every body schema that does not itself say what becomes of unknown properties. */
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
