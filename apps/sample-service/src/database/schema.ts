/** The public keys of this service's replicas. */
export { serviceKeys } from '@latchkey/service-kit/identity';
