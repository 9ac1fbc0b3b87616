import { useTranslation } from 'react-i18next';
import { changeLanguage, currentLanguage } from '../i18n/i18n.ts';
import { isLanguage, languageNames, languages } from '../i18n/language.ts';
import { Switch } from '../ui/switch.tsx';
import { chooseTheme, useTheme } from '../ui/theme.ts';

/** The page's name, with the choice of language and theme. */
export function PageHeader() {
  const { t } = useTranslation();
  return (
    <header className="page-header">
      <a className="skip" href="#shop">
        {t('page.skip')}
      </a>
      <h1 className="brand">
        <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="9" />
          <path d="M16 8a5 5 0 0 1 2.2 9.5L19.5 24h-7l1.3-6.5A5 5 0 0 1 16 8z" />
        </svg>
        <span>Latchkey</span>
        <span className="tagline">{t('page.tagline')}</span>
      </h1>
      <div className="page-settings">
        <LanguageSelect />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function LanguageSelect() {
  const { t } = useTranslation();
  return (
    <label className="language">
      <span className="visually-hidden">{t('page.language')}</span>
      <select
        value={currentLanguage()}
        onChange={({ target: { value } }) => isLanguage(value) && void changeLanguage(value)}
      >
        {languages.map((language) => (
          <option key={language} value={language} lang={language}>
            {languageNames[language]}
          </option>
        ))}
      </select>
    </label>
  );
}

function ThemeSwitch() {
  const { t } = useTranslation();
  const theme = useTheme();
  return (
    <Switch isSelected={theme === 'dark'} onChange={(isDark) => chooseTheme(isDark ? 'dark' : 'light')}>
      {t('page.dark')}
    </Switch>
  );
}
