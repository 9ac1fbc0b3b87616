import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';

// Allows the page's own scripts and styles, and requests to this service; forbids framing.
const docsPolicy = {
  'default-src': "'self'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
  'img-src': "'self' data:",
  'object-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
};

export type DocsOptions = {
  title: string;
  description: string;
  version: string;
};

/** Adds the OpenAPI 3.1 document at /docs/json, generated from the routes' schemas, and a page to read it at /docs. */
export async function addDocs(
  app: FastifyInstance,
  { title, description, version }: DocsOptions,
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title, description, version },
      // A public route says `security: []`.
      security: [{ bearer: [] }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'at+jwt',
            description:
              'An access token of auth-service (RFC 9068). The route says which scope it must carry.',
          },
        },
      },
    },
    transform: ({ schema, url }) => ({ schema: withProblemType(schema), url }),
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: docsPolicy });
}

// Errors are application/problem+json; a plain `response: { 404: problemSchema }` does not say so.
function withProblemType(schema: FastifySchema | undefined): FastifySchema {
  if (typeof schema?.response !== 'object' || schema.response === null) return schema ?? {};
  const responses = Object.entries(
    schema.response as Record<string, { title?: unknown; description?: unknown }>,
  );
  return {
    ...schema,
    response: Object.fromEntries(
      responses.map(([status, response]) =>
        response.title === 'Problem'
          ? [
              status,
              {
                description: response.description,
                content: { 'application/problem+json': { schema: response } },
              },
            ]
          : [status, response],
      ),
    ),
  };
}
