export { type EventuallyOptions, eventually } from './eventually.ts';
export { loopbackAddresses } from './loopback.ts';
