import { addMessages } from '../../i18n/i18n.ts';
import { demoMessages as en } from './en.ts';
import { demoMessages as ko } from './ko.ts';

declare module 'i18next' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface ResourceNamespaceMap {
    demo: typeof en;
  }
}

addMessages('demo', { en, ko });
