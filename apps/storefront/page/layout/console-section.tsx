import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Boundary } from '../ui/boundary.tsx';
import { Notice } from '../ui/notice.tsx';

// A separate chunk, loaded only in the demo.
const DemoConsole = lazy(async () => ({ default: (await import('../demo/console.tsx')).DemoConsole }));

/** The section with the demo's console. */
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
