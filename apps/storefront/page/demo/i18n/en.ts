import { checkWords, claimWords, inspector } from './en/inspector.ts';
import { lanes } from './en/lanes.ts';
import { common, devices, failures, keys, permissions, sharing, thief } from './en/panels.ts';

export const demoMessages = {
  lanes,
  inspector,
  checks: checkWords,
  claims: claimWords,
  common,
  permissions,
  devices,
  thief,
  sharing,
  keys,
  failures,
};
