/** The languages of the page. */
export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];

/** Each language's own name. */
export const languageNames: Readonly<Record<Language, string>> = { en: 'English', ko: '한국어' };

/**
 * The language of a new visit: the one that was chosen before, else the first of the browser's languages that the page
 * has, else English.
 *
 * @example chooseLanguage(null, ['ko-KR', 'en']) // 'ko'
 */
export function chooseLanguage(chosenBefore: string | null, wishes: readonly string[]): Language {
  if (isLanguage(chosenBefore)) return chosenBefore;
  return wishes.map((wish) => wish.toLowerCase().split('-', 1)[0]).find(isLanguage) ?? 'en';
}

export function isLanguage(text: unknown): text is Language {
  return languages.some((language) => language === text);
}
