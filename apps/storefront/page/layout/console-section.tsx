import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Boundary } from '../ui/boundary.tsx';
import { Notice } from '../ui/notice.tsx';

// A chunk of its own: outside the demo nobody loads it.
const DemoConsole = lazy(async () => ({ default: (await import('../demo/console.tsx')).DemoConsole }));

/** What goes on behind the shop. */
export function ConsoleSection() {
  const { t } = useTranslation();
  return (
    <section className="console" id="console" aria-label={t('page.console')}>
      <Boundary fallback={<Notice tone="bad">{t('page.consoleFailed')}</Notice>}>
        <Suspense fallback={<p className="soft">{t('page.loading')}</p>}>
          <DemoConsole />
        </Suspense>
      </Boundary>
    </section>
  );
}
