import type { Translation } from '../../i18n/i18n.ts';
import type { demoMessages as english } from './en.ts';
import { checkWords, claimWords, inspector } from './ko/inspector.ts';
import { lanes } from './ko/lanes.ts';
import { common, devices, failures, keys, permissions, sharing, thief } from './ko/panels.ts';

export const demoMessages: Translation<typeof english> = {
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
