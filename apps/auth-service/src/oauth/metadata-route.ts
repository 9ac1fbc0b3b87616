import type { Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { allScopes } from '../permissions/resource-servers.ts';
import { grantTypes } from './grants/grant-table.ts';

const metadataSchema = Type.Object({
  issuer: Type.String(),
  token_endpoint: Type.String(),
  jwks_uri: Type.String(),
  scopes_supported: Type.Array(Type.String()),
  response_types_supported: Type.Array(Type.String()),
  grant_types_supported: Type.Array(Type.String()),
  token_endpoint_auth_methods_supported: Type.Array(Type.String()),
  token_endpoint_auth_signing_alg_values_supported: Type.Array(Type.String()),
  revocation_endpoint: Type.String(),
  revocation_endpoint_auth_methods_supported: Type.Array(Type.String()),
  revocation_endpoint_auth_signing_alg_values_supported: Type.Array(Type.String()),
  introspection_endpoint: Type.String(),
  introspection_endpoint_auth_methods_supported: Type.Array(Type.String()),
  introspection_endpoint_auth_signing_alg_values_supported: Type.Array(Type.String()),
  service_documentation: Type.String(),
});

/** GET /.well-known/oauth-authorization-server (RFC 8414). */
export async function metadataRoute(app: Service, options: { issuer: string }): Promise<void> {
  const { issuer } = options;
  const metadata = {
    issuer,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: [...allScopes],
    response_types_supported: [],
    grant_types_supported: [...grantTypes],
    token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    revocation_endpoint: `${issuer}/revoke`,
    revocation_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
    revocation_endpoint_auth_signing_alg_values_supported: ['RS256'],
    introspection_endpoint: `${issuer}/introspect`,
    introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    introspection_endpoint_auth_signing_alg_values_supported: ['RS256'],
    service_documentation: `${issuer}/docs`,
  };
  const schema = {
    summary: 'Authorization server metadata (RFC 8414)',
    tags: ['tokens'],
    security: [],
    response: { 200: metadataSchema },
  };
  const wellKnown = '/.well-known/oauth-authorization-server';
  // For an issuer with a path, the well-known part comes before the path (§3.1). A proxy may have removed the path.
  const paths = new Set([wellKnown, wellKnown + new URL(issuer).pathname.replace(/\/$/, '')]);
  for (const path of paths) {
    app.get(path, { schema }, async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=3600');
      return metadata;
    });
  }
}
