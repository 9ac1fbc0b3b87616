export const languages = ['en', 'ko'] as const;

export type Language = (typeof languages)[number];

/**
 * The language of a page: the first one that we speak of `ui_locales` (OpenID Connect Core §3.1.2.1), then of the
 * browser's Accept-Language (RFC 9110 §12.5.4), then English.
 *
 * @example
 * languageFor({ uiLocales: undefined, acceptLanguage: 'ko-KR,ko;q=0.9,en;q=0.8' }); // 'ko'
 */
export function languageFor(asked: {
  readonly uiLocales: string | undefined;
  readonly acceptLanguage: string | undefined;
}): Language {
  const wanted = [...(asked.uiLocales?.split(' ') ?? []), ...preferred(asked.acceptLanguage ?? '')];
  for (const tag of wanted) {
    const found = languages.find((language) => language === tag.toLowerCase().split('-', 1)[0]);
    if (found !== undefined) return found;
  }
  return 'en';
}

function preferred(header: string): string[] {
  return header
    .split(',', 20)
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(';');
      const weight = parameters.map((text) => /^\s*q=([\d.]{1,5})$/.exec(text)?.[1]).find((found) => found);
      return { tag, weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}
