import type { Translation } from '../../i18n/i18n.ts';
import type { demoMessages as english } from './en.ts';
import { checkWords, claimWords, inspector, proofWords } from './ko/inspector.ts';
import { lanes } from './ko/lanes.ts';
import { common, devices, failures, keys, permissions, sharing } from './ko/panels.ts';
import { binding, thief } from './ko/thief.ts';

export const demoMessages: Translation<typeof english> = {
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
