import type { FastifyInstance } from 'fastify';
import type { CheckedOptions } from './options.ts';

const wellKnown = '/.well-known/oauth-protected-resource';

/**
 * Publishes what clients must know to use this service (RFC 9728 §3), and returns the document's URL; undefined when the
 * service has not said which resource it is. Anybody may read the document, also a page of another origin.
 *
 * @example publishMetadata(app, options); // https://cart.example/.well-known/oauth-protected-resource
 */
export function publishMetadata(
  app: FastifyInstance,
  { resource, issuer, audience }: Pick<CheckedOptions, 'resource' | 'issuer' | 'audience'>,
): string | undefined {
  if (resource === null) return undefined;
  const { origin, pathname } = new URL(resource.url);
  const metadata = {
    resource: resource.url,
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    resource_name: audience,
    ...(resource.jwksUri !== undefined && { jwks_uri: resource.jwksUri }),
    ...(resource.scopes && { scopes_supported: resource.scopes }),
  };
  // The path of a resource comes after the well-known part (§3.1). A proxy may have removed it.
  const path = wellKnown + pathname.replace(/\/$/, '');
  for (const url of new Set([path, wellKnown])) {
    app.get(url, { schema: { security: [], hide: true } as object }, (_request, reply) =>
      reply
        .header('cache-control', 'public, max-age=3600')
        .header('access-control-allow-origin', '*')
        .send(metadata),
    );
  }
  return origin + path;
}
