import { Button } from 'react-aria-components/Button';
import { useTranslation } from 'react-i18next';

export const views = ['shop', 'console'] as const;
export type View = (typeof views)[number];

/** Chooses the visible part of the page on a phone, where both do not fit. Hidden on wider screens. */
export function ViewSwitch({ view, onChange }: { view: View; onChange: (view: View) => void }) {
  const { t } = useTranslation();
  return (
    <nav className="view-switch" aria-label={t('page.views')}>
      {views.map((one) => (
        <Button key={one} className="view-button" aria-current={view === one} onPress={() => onChange(one)}>
          {t(`page.${one}`)}
        </Button>
      ))}
    </nav>
  );
}
