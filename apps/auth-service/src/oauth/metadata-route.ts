import { proofAlgorithms } from '@latchkey/auth-client/proof';
import type { Service } from '@latchkey/service-kit';
import { Type } from 'typebox';
import { allScopes } from '../permissions/resource-servers.ts';
import { identityScopes } from '../permissions/scope.ts';
import { acrPassword, acrProvider } from '../tokens/claims.ts';
import { personalClaims } from '../tokens/personal-claims.ts';
import { grantTypes } from './grants/grant-table.ts';

const list = Type.Array(Type.String());

const metadataSchema = Type.Object({
  issuer: Type.String(),
  authorization_endpoint: Type.String(),
  token_endpoint: Type.String(),
  userinfo_endpoint: Type.String(),
  pushed_authorization_request_endpoint: Type.String(),
  registration_endpoint: Type.Optional(Type.String()),
  end_session_endpoint: Type.String(),
  jwks_uri: Type.String(),
  scopes_supported: list,
  response_types_supported: list,
  response_modes_supported: list,
  grant_types_supported: list,
  code_challenge_methods_supported: list,
  authorization_response_iss_parameter_supported: Type.Boolean(),
  token_endpoint_auth_methods_supported: list,
  token_endpoint_auth_signing_alg_values_supported: list,
  revocation_endpoint: Type.String(),
  revocation_endpoint_auth_methods_supported: list,
  revocation_endpoint_auth_signing_alg_values_supported: list,
  introspection_endpoint: Type.String(),
  introspection_endpoint_auth_methods_supported: list,
  introspection_endpoint_auth_signing_alg_values_supported: list,
  subject_types_supported: list,
  id_token_signing_alg_values_supported: list,
  acr_values_supported: list,
  claims_supported: list,
  prompt_values_supported: list,
  ui_locales_supported: list,
  backchannel_logout_supported: Type.Boolean(),
  backchannel_logout_session_supported: Type.Boolean(),
  claims_parameter_supported: Type.Boolean(),
  request_parameter_supported: Type.Boolean(),
  request_uri_parameter_supported: Type.Boolean(),
  dpop_signing_alg_values_supported: list,
  service_documentation: Type.String(),
});

/**
 * Where the document is. For an issuer with a path, RFC 8414 §3.1 puts the well-known part before the path, and OpenID
 * Connect after it. A proxy may have removed the path.
 */
export function metadataPathsOf(issuer: string): readonly string[] {
  const path = new URL(issuer).pathname.replace(/\/$/, '');
  const names = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];
  return [...new Set(names.flatMap((name) => [name, name + path]))];
}

/**
 * The same document at both well-known places: GET /.well-known/oauth-authorization-server (RFC 8414) and
 * GET /.well-known/openid-configuration (OpenID Connect Discovery §4).
 */
export async function metadataRoute(
  app: Service,
  options: { issuer: string; isRegistrationOpen: boolean },
): Promise<void> {
  const { issuer } = options;
  const clientMethods = ['none', 'client_secret_basic', 'private_key_jwt'];
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    ...(options.isRegistrationOpen && { registration_endpoint: `${issuer}/register` }),
    end_session_endpoint: `${issuer}/end-session`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: [...identityScopes, ...allScopes],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: [...grantTypes],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: clientMethods,
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    revocation_endpoint: `${issuer}/revoke`,
    revocation_endpoint_auth_methods_supported: clientMethods,
    revocation_endpoint_auth_signing_alg_values_supported: ['RS256'],
    introspection_endpoint: `${issuer}/introspect`,
    introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    introspection_endpoint_auth_signing_alg_values_supported: ['RS256'],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    acr_values_supported: [acrPassword, acrProvider],
    claims_supported: [
      ...['iss', 'sub', 'aud', 'iat', 'exp', 'auth_time', 'nonce', 'acr', 'amr', 'sid', 'at_hash'],
      ...personalClaims,
    ],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    ui_locales_supported: ['en', 'ko'],
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    claims_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    dpop_signing_alg_values_supported: [...proofAlgorithms],
    service_documentation: `${issuer}/docs`,
  };
  const schema = {
    summary: 'Server metadata (RFC 8414, OpenID Connect Discovery)',
    tags: ['tokens'],
    security: [],
    response: { 200: metadataSchema },
  };
  for (const url of metadataPathsOf(issuer)) {
    app.get(url, { schema }, async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=3600');
      return metadata;
    });
  }
}
