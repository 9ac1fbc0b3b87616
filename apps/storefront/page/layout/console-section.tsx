import { Component, lazy, type ReactNode, Suspense } from 'react';
import { useTranslation } from 'react-i18next';

// A chunk of its own: outside the demo nobody loads it.
const DemoConsole = lazy(async () => ({ default: (await import('../demo/console.tsx')).DemoConsole }));

/** What goes on behind the shop. */
export function ConsoleSection() {
  const { t } = useTranslation();
  return (
    <section className="console" id="console" aria-label={t('page.console')}>
      <ConsoleBoundary fallback={<p className="notice bad">{t('page.consoleFailed')}</p>}>
        <Suspense fallback={<p className="soft">{t('page.loading')}</p>}>
          <DemoConsole />
        </Suspense>
      </ConsoleBoundary>
    </section>
  );
}

type BoundaryProps = { readonly fallback: ReactNode; readonly children: ReactNode };

/** A console that fails leaves the shop as it is. */
class ConsoleBoundary extends Component<BoundaryProps, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}
