import { useTranslation } from 'react-i18next';
import { useFault } from '../services/use-fault.ts';
import { Button } from './button.tsx';
import { FaultText } from './fault-text.tsx';
import { Notice } from './notice.tsx';

/** A fault where it happened. With `onRetry`, a button that tries again. Nothing without an error. */
export function FaultNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const fault = useFault(error);
  if (fault === null) return null;
  return (
    <Notice tone={fault.kind === 'service_down' || fault.kind === 'rate_limited' ? 'warn' : 'bad'} isAlert>
      <FaultText fault={fault} />
      {onRetry !== undefined && <Button onPress={onRetry}>{t('page.retry')}</Button>}
    </Notice>
  );
}
