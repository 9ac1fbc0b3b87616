import type { Service } from '@latchkey/service-kit';
import { createGrantTable, type GrantTableParts } from './grants/grant-table.ts';
import { createIntrospection, type IntrospectionParts } from './introspection.ts';
import { introspectionRoute } from './introspection-route.ts';
import { createTokenRevocation, type TokenRevocationParts } from './token-revocation.ts';
import { tokenRevocationRoute } from './token-revocation-route.ts';
import { type TokenRouteOptions, tokenRoute } from './token-route.ts';

export type ClientEndpointsOptions = GrantTableParts &
  IntrospectionParts &
  TokenRevocationParts &
  Omit<TokenRouteOptions, 'grants'>;

/** The endpoints that clients call themselves, without a browser: for a token, to revoke one and to inspect one. */
export async function clientEndpoints(app: Service, options: ClientEndpointsOptions): Promise<void> {
  const { authenticate, readProof } = options;
  await app.register(tokenRoute, { authenticate, readProof, grants: createGrantTable(options) });
  const revokeToken = createTokenRevocation(options);
  await app.register(tokenRevocationRoute, { authenticate, readProof, revokeToken });
  await app.register(introspectionRoute, { authenticate, introspect: createIntrospection(options) });
}
