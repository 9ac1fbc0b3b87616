import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useScope, useSession } from '../session/use-session.ts';
import { FaultNotice } from './fault-notice.tsx';
import { useKeptFocus } from './use-kept-focus.ts';

export type PanelProps<Data> = {
  readonly title: string;
  /** The text for a person who is not signed in. */
  readonly signedOut: string;
  /** The permission for reading. Without it the page sends no request: the service would refuse it. */
  readonly scope: string;
  readonly query: { data: Data | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  readonly children: (data: Data) => ReactNode;
};

/** A part of the shop with data of a service: not signed in, loading, failed or loaded. */
export function Panel<Data>({ title, signedOut, scope, query, children }: PanelProps<Data>) {
  const { t } = useTranslation();
  const { status } = useSession();
  const mayRead = useScope(scope);
  return (
    <section {...useKeptFocus<HTMLElement>()} className="panel" aria-label={title}>
      {status === 'signed_out' && <p className="empty">{signedOut}</p>}
      {status === 'signed_in' && !mayRead && <p className="empty">{t('page.mayNotRead', { scope })}</p>}
      {status === 'signed_in' && mayRead && (
        <>
          <FaultNotice error={query.error} onRetry={() => void query.refetch()} />
          {query.isPending && <p className="soft">{t('page.loading')}</p>}
          {query.data !== undefined && children(query.data)}
        </>
      )}
    </section>
  );
}
