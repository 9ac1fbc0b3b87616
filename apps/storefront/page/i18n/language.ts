/** The languages that the page speaks. */
export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];

/** What each language calls itself. */
export const languageNames: Readonly<Record<Language, string>> = { en: 'English', ko: '한국어' };

/**
 * The language to begin with: the one that was chosen before, else the first wish of the browser that the page speaks,
 * else English.
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
