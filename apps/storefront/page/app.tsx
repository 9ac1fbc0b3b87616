import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useEffectEvent } from 'react';
import { I18nProvider } from 'react-aria-components/I18nProvider';
import { useTranslation } from 'react-i18next';
import { config } from './config.ts';
import { currentLanguage } from './i18n/i18n.ts';
import { useKeptPlace } from './kept-place.ts';
import { ConsoleSection } from './layout/console-section.tsx';
import { PageHeader } from './layout/page-header.tsx';
import { ViewSwitch, views } from './layout/view-switch.tsx';
import { PeopleSection } from './people/people-section.tsx';
import { queryClient } from './services/queries.ts';
import { Shop } from './shop/shop.tsx';
import { onShowRequest } from './traffic/wanted-request.ts';
import { Boundary } from './ui/boundary.tsx';
import { Notice } from './ui/notice.tsx';
import { Toasts } from './ui/toasts.tsx';

/** The whole page: the sign-in, the shop and, in the demo, the console. */
export function App() {
  const { t } = useTranslation();
  const [view, setView] = useKeptPlace('view', views);
  const showConsole = useEffectEvent(() => setView('console'));
  useEffect(() => {
    document.title = t('page.title');
  }, [t]);

  useEffect(() => onShowRequest(showConsole), []);

  return (
    <I18nProvider locale={currentLanguage()}>
      <QueryClientProvider client={queryClient}>
        <PageHeader />
        <main className="layout" data-view={view} data-demo={config.demo}>
          <div className="shop" id="shop" tabIndex={-1}>
            <Boundary fallback={<Notice tone="bad">{t('faults.unexpected.here')}</Notice>}>
              <PeopleSection />
              <Shop />
            </Boundary>
          </div>
          {config.demo && <ConsoleSection />}
        </main>
        {config.demo && <ViewSwitch view={view} onChange={setView} />}
        <Toasts />
      </QueryClientProvider>
    </I18nProvider>
  );
}
