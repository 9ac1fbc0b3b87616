import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../session/use-session.ts';
import { FaultNotice } from './fault-notice.tsx';
import { useKeptFocus } from './use-kept-focus.ts';

export type PanelProps<Data> = {
  readonly title: string;
  /** What somebody sees who is not signed in. */
  readonly signedOut: string;
  readonly query: { data: Data | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  readonly children: (data: Data) => ReactNode;
};

/** A part of the shop that a service has to be asked for: not signed in, on its way, failed, or there. */
export function Panel<Data>({ title, signedOut, query, children }: PanelProps<Data>) {
  const { t } = useTranslation();
  const { status } = useSession();
  return (
    <section {...useKeptFocus<HTMLElement>()} className="panel" aria-label={title}>
      {status === 'signed_out' && <p className="empty">{signedOut}</p>}
      {status === 'signed_in' && (
        <>
          <FaultNotice error={query.error} onRetry={() => void query.refetch()} />
          {query.isPending && <p className="soft">{t('page.loading')}</p>}
          {query.data !== undefined && children(query.data)}
        </>
      )}
    </section>
  );
}
