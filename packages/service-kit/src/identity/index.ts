export { addAuthClientMetrics } from './auth-client-metrics.ts';
export { createIdentityStore } from './identity-store.ts';
export { type JwksRouteOptions, jwksRoute } from './jwks-route.ts';
export { type AuthenticationOptions, registerAuthentication } from './register-authentication.ts';
export { addServiceClientMetrics } from './service-client-metrics.ts';
export { serviceKeys } from './service-keys-table.ts';
export { usedProofs } from './used-proofs-table.ts';
