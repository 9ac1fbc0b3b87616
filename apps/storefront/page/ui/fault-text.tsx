import { Button } from 'react-aria-components/Button';
import { useTranslation } from 'react-i18next';
import { config } from '../config.ts';
import { shopMessages } from '../i18n/en/shop.ts';
import { useFormats } from '../i18n/format.ts';
import type { Fault } from '../services/fault.ts';
import { canSignInAgain, endReason } from '../session/end-reasons.ts';
import { showRequest } from '../traffic/wanted-request.ts';

/** A fault's title and text in the person's language. Never a service's own error text. */
export function useFaultText(): (fault: Fault) => { title: string; text: string } {
  const { t } = useTranslation();
  const { list, number } = useFormats();
  return (fault) => {
    switch (fault.kind) {
      case 'missing_permission': {
        const { service } = fault;
        const text = t('faults.missing_permission.text', { service, scopes: list(fault.scopes) });
        return { title: t('faults.missing_permission.title'), text };
      }
      case 'sign_in_too_old': {
        const { service } = fault;
        return {
          title: t('faults.sign_in_too_old.title'),
          text: t('faults.sign_in_too_old.text', { service }),
        };
      }
      case 'session_ended': {
        const why = endReason(fault.reason) ?? 'other';
        const again = canSignInAgain(why) ? ` ${t('ended.again')}` : '';
        return { title: t('faults.session_ended.title'), text: t(`ended.${why}`) + again };
      }
      case 'service_down': {
        const { service, askedBy } = fault;
        const text =
          askedBy === null ? t('faults.service_down.text') : t('faults.service_down.behind', { askedBy });
        return { title: t('faults.service_down.title', { service }), text };
      }
      case 'rate_limited': {
        const seconds = number(fault.seconds);
        return { title: t('faults.rate_limited.title'), text: t('faults.rate_limited.text', { seconds }) };
      }
      case 'refused': {
        const text = isRefusal(fault.code) ? t(`refusals.${fault.code}`) : (fault.detail ?? fault.code);
        return { title: t('faults.refused.title'), text };
      }
      case 'unexpected': {
        const { service } = fault;
        const text =
          service === null ? t('faults.unexpected.here') : t('faults.unexpected.text', { service });
        return { title: t('faults.unexpected.title'), text };
      }
    }
  };
}

type FaultTextProps = {
  readonly fault: Fault;
  /** The title of a refusal in this place. */
  readonly refusedTitle?: string | undefined;
  /** What the fault means for the person. Shown first. */
  readonly consequence?: string | undefined;
};

/** A fault in words, with the request's id in the inspector and the service's log. */
export function FaultText({ fault, refusedTitle, consequence }: FaultTextProps) {
  const { title: ownTitle, text } = useFaultText()(fault);
  const title = fault.kind === 'refused' ? (refusedTitle ?? ownTitle) : ownTitle;
  return (
    <>
      <strong>{consequence ?? title}</strong>
      <span>{consequence === undefined ? text : `${title}. ${text}`}</span>
      {fault.requestId !== null && <RequestId id={fault.requestId} />}
    </>
  );
}

/** In the demo it opens the request in the inspector. */
function RequestId({ id }: { id: string }) {
  const { t } = useTranslation();
  const text = t('faults.requestId', { id });
  if (!config.demo) return <span className="request-id">{text}</span>;
  return (
    <Button className="request-id" onPress={() => showRequest(id)}>
      {text}
    </Button>
  );
}

function isRefusal(code: string): code is keyof typeof shopMessages.refusals {
  return Object.hasOwn(shopMessages.refusals, code);
}
