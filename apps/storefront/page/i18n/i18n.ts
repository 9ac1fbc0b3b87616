import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { preferences } from '../preferences.ts';
import { shopMessages as en } from './en/shop.ts';
import { shopMessages as ko } from './ko/shop.ts';
import { chooseLanguage, isLanguage, type Language } from './language.ts';

declare module 'i18next' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface CustomTypeOptions {
    defaultNS: 'shop';
  }
  // Each part of the page declares its own namespace this way, beside its messages.
  // biome-ignore lint/style/useConsistentTypeDefinitions: added to an interface of the library
  interface ResourceNamespaceMap {
    shop: typeof en;
  }
}

/** The type of a translation: the same keys at every depth, with other texts. */
export type Translation<Messages> = {
  readonly [Key in keyof Messages]: Messages[Key] extends string ? string : Translation<Messages[Key]>;
};

void i18next.use(initReactI18next).init({
  lng: chooseLanguage(preferences.read('language'), navigator.languages),
  fallbackLng: 'en',
  defaultNS: 'shop',
  resources: { en: { shop: en }, ko: { shop: ko } },
  initAsync: false,
  // React escapes values itself.
  interpolation: { escapeValue: false },
});
markDocument();
i18next.on('languageChanged', markDocument);

/**
 * Adds the texts of a part of the page that is loaded later.
 *
 * @example addMessages('demo', { en, ko }); // then: useTranslation('demo')
 */
export function addMessages(namespace: string, messages: Readonly<Record<Language, object>>): void {
  for (const [language, texts] of Object.entries(messages)) {
    i18next.addResourceBundle(language, namespace, texts);
  }
}

/** The language that is shown now. */
export function currentLanguage(): Language {
  return isLanguage(i18next.language) ? i18next.language : 'en';
}

/** Switches the page to another language, and remembers it for the next visit. */
export async function changeLanguage(language: Language): Promise<void> {
  preferences.write('language', language);
  await i18next.changeLanguage(language);
}

function markDocument(): void {
  document.documentElement.lang = currentLanguage();
}
