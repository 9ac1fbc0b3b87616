import { useTranslation } from 'react-i18next';
import { demoMessages } from './i18n/en.ts';

type Reason = keyof typeof demoMessages.common.reasons;

/** A reason that a service gives, such as `sign_out`, in the reader's words; one that has none stays as it is. */
export function useReason(): (reason: string) => string {
  const { t } = useTranslation('demo');
  return (reason) => (isKnown(reason) ? t(`common.reasons.${reason}`) : reason);
}

function isKnown(reason: string): reason is Reason {
  return Object.hasOwn(demoMessages.common.reasons, reason);
}
