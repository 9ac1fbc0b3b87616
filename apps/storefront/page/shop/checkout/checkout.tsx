import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format.ts';
import type { Money } from '../../i18n/money.ts';
import { faultOf } from '../../services/fault.ts';
import { Button } from '../../ui/button.tsx';
import { FaultNotice } from '../../ui/fault-notice.tsx';
import { CardForm } from './card-form.tsx';
import { PaymentOutcome } from './payment-outcome.tsx';
import { StepUpDialog } from './step-up-dialog.tsx';
import { type PayOrder, usePay } from './use-pay.ts';

/** The total, the card form and the outcome of the payment. `total` is undefined for an empty cart. */
export function Checkout({ total }: { total: Money | undefined }) {
  const { t } = useTranslation();
  const { money } = useFormats();
  const pay = usePay();
  const [isOpen, setOpen] = useState(false);
  const stepUp = stepUpOf(pay.error);
  const outcome = useRef<HTMLDivElement>(null);

  // The outcome may appear below the visible area, so it is scrolled into view.
  useEffect(() => {
    if (pay.error !== null || pay.data !== undefined) outcome.current?.scrollIntoView({ block: 'nearest' });
  }, [pay.error, pay.data]);

  function send(order: PayOrder): void {
    pay.mutate(order, { onSuccess: ({ status }) => setOpen(status !== 'succeeded') });
  }

  return (
    <div className="checkout">
      {total !== undefined && (
        <p className="total">
          <span>{t('cart.total')}</span>
          <span className="price">{money(total)}</span>
        </p>
      )}
      {total !== undefined && !isOpen && (
        <Button look="primary" onPress={() => setOpen(true)}>
          {t('cart.checkout')}
        </Button>
      )}
      {total !== undefined && isOpen && (
        <CardForm amount={total} isPending={pay.isPending} onPay={(card) => send({ amount: total, card })} />
      )}
      <div ref={outcome} className="outcome">
        {stepUp === null && <FaultNotice error={pay.error} />}
        {/* Present from the start: a screen reader announces only changes of an existing live region. */}
        <div role="status">
          <PaymentOutcome payment={pay.data ?? pay.unanswered} isAsking={pay.isPending} />
        </div>
      </div>
      {stepUp !== null && pay.variables !== undefined && (
        <StepUpDialog
          maxAgeSeconds={stepUp.maxAgeSeconds}
          onClose={pay.reset}
          onConfirmed={() => pay.variables && send(pay.variables)}
        />
      )}
    </div>
  );
}

function stepUpOf(error: unknown): { maxAgeSeconds: number | null } | null {
  const fault = error === null ? null : faultOf(error, []);
  return fault?.kind === 'sign_in_too_old' ? fault : null;
}
