import { useTranslation } from 'react-i18next';
import { useFault } from '../services/use-fault.ts';
import { Button } from './button.tsx';
import { FaultText } from './fault-text.tsx';
import { Notice } from './notice.tsx';

export type FaultNoticeProps = {
  readonly error: unknown;
  /** The title of a refusal in this place. */
  readonly refusedTitle?: string;
  /** When set, there is a button that retries. */
  readonly onRetry?: () => void;
};

/** Shows a fault where it happened. Empty without an error. */
export function FaultNotice({ error, refusedTitle, onRetry }: FaultNoticeProps) {
  const { t } = useTranslation();
  const fault = useFault(error);
  if (fault === null) return null;
  return (
    <Notice tone={fault.kind === 'service_down' || fault.kind === 'rate_limited' ? 'warn' : 'bad'} isAlert>
      <FaultText fault={fault} refusedTitle={refusedTitle} />
      {onRetry !== undefined && <Button onPress={onRetry}>{t('page.retry')}</Button>}
    </Notice>
  );
}
