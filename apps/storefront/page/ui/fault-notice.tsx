import { useTranslation } from 'react-i18next';
import { useFault } from '../services/use-fault.ts';
import { Button } from './button.tsx';
import { FaultText } from './fault-text.tsx';
import { Notice } from './notice.tsx';

export type FaultNoticeProps = {
  readonly error: unknown;
  /** What a refusal is called here. */
  readonly refusedTitle?: string;
  /** With it there is a button that tries again. */
  readonly onRetry?: () => void;
};

/** A fault where it happened. Nothing without an error. */
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
