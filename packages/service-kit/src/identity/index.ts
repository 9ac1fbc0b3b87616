export { type AuthClientCounts, addAuthClientMetrics } from './auth-client-metrics.ts';
export {
  createIdentityStore,
  type PublishedServiceKey,
  type ServiceIdentityStore,
} from './identity-store.ts';
export { type JwksRouteOptions, jwksRoute } from './jwks-route.ts';
export { type AuthenticationOptions, registerAuthentication } from './register-authentication.ts';
export { addServiceClientMetrics, type ServiceClientCounts } from './service-client-metrics.ts';
export { type ServiceJwk, serviceKeys } from './service-keys-table.ts';
