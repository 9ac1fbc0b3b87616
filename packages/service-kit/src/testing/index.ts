export { type NetworkLink, startNetworkLink } from './network-link.ts';
