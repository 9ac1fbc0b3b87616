import { checkWords, claimWords, inspector, proofWords } from './en/inspector.ts';
import { lanes } from './en/lanes.ts';
import { common, devices, failures, keys, permissions, sharing } from './en/panels.ts';
import { binding, thief } from './en/thief.ts';

export const demoMessages = {
  lanes,
  inspector,
  checks: checkWords,
  claims: claimWords,
  proofs: proofWords,
  common,
  permissions,
  devices,
  binding,
  thief,
  sharing,
  keys,
  failures,
};
