import { useTranslation } from 'react-i18next';
import { endReason } from '../session/end-reasons.ts';

/** A service's reason, such as `sign_out`, in the page's language. An unknown reason stays as it is. */
export function useReason(): (reason: string) => string {
  const { t } = useTranslation('demo');
  return (reason) => {
    const known = endReason(reason) ?? 'sign_out';
    return known === 'other' ? reason : t(`common.reasons.${known}`);
  };
}
