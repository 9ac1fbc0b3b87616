/** The public keys of this service's replicas. */
export { serviceKeys, usedProofs } from '@latchkey/service-kit/identity';
