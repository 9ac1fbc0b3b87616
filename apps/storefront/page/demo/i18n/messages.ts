import { addMessages } from '../../i18n/i18n.ts';
import { demoMessages as en } from './en.ts';
import { demoMessages as ko } from './ko.ts';

declare module 'i18next' {
  interface ResourceNamespaceMap {
    demo: typeof en;
  }
}

addMessages('demo', { en, ko });
