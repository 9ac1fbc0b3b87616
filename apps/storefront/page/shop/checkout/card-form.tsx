import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { config } from '../../config.ts';
import { useFormats } from '../../i18n/format.ts';
import type { Money } from '../../i18n/money.ts';
import { knownAuthTime } from '../../session/auth-time.ts';
import { useSession } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { type Card, groupDigits, parseCard, sandboxCards } from './card.ts';
import { SandboxCards } from './sandbox-cards.tsx';

export type CardFormProps = {
  readonly amount: Money;
  readonly isPending: boolean;
  readonly onPay: (card: Card) => void;
};

/** The form for the card. The page sends the card to payment-service and stores it nowhere. */
export function CardForm({ amount, isPending, onPay }: CardFormProps) {
  const { t } = useTranslation();
  const { money } = useFormats();
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that opened the form is gone.
  useEffect(() => heading.current?.focus(), []);
  const [typed, setTyped] = useState({
    number: groupDigits(sandboxCards[0].number),
    expiry: '12/30',
    cvc: '123',
  });
  const [showsFaults, setShowsFaults] = useState(false);
  const parsed = parseCard(typed);
  const faults = showsFaults && parsed.card === undefined ? parsed.faults : [];
  const faultOf = (field: keyof typeof typed) =>
    faults.includes(field) ? t(`checkout.faults.${field}`) : undefined;

  function submit(event: FormEvent): void {
    event.preventDefault();
    setShowsFaults(true);
    if (parsed.card !== undefined && !isPending) onPay(parsed.card);
  }

  return (
    <form className="form card-form" onSubmit={submit} aria-label={t('checkout.title')} noValidate>
      <h3 ref={heading} tabIndex={-1}>
        {t('checkout.title')}
      </h3>
      <SandboxCards
        number={typed.number}
        onChoose={(number) => setTyped({ ...typed, number: groupDigits(number) })}
      />
      <TextField
        label={t('checkout.number')}
        fault={faultOf('number')}
        inputMode="numeric"
        autoComplete="off"
        value={typed.number}
        onChange={(number) => setTyped({ ...typed, number: groupDigits(number) })}
      />
      <div className="field-row">
        <TextField
          label={t('checkout.expiry')}
          hint={t('checkout.expiryHint')}
          fault={faultOf('expiry')}
          autoComplete="off"
          value={typed.expiry}
          onChange={(expiry) => setTyped({ ...typed, expiry })}
        />
        <TextField
          label={t('checkout.cvc')}
          fault={faultOf('cvc')}
          inputMode="numeric"
          autoComplete="off"
          value={typed.cvc}
          onChange={(cvc) => setTyped({ ...typed, cvc })}
        />
      </div>
      <LargeAmountHint />
      <Button type="submit" look="primary" isPending={isPending}>
        {isPending ? t('checkout.paying') : t('checkout.pay', { amount: money(amount) })}
      </Button>
    </form>
  );
}

/** Says above which amount a recent sign-in is required, and when the last one was. */
function LargeAmountHint() {
  const { t } = useTranslation();
  const { money, number, time } = useFormats();
  const state = useSession();
  if (state.status !== 'signed_in') return null;
  const authTime = knownAuthTime(state);
  const { amount, max_age_seconds: maxAgeSeconds } = config.step_up;
  return (
    <p className="hint">
      {t('checkout.largeAmount', {
        amount: money({ amount, currency: 'EUR' }),
        minutes: number(maxAgeSeconds / 60),
      })}{' '}
      {authTime !== null && t('checkout.lastSignIn', { time: time(authTime) })}
    </p>
  );
}
