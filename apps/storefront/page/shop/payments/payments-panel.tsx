import { useTranslation } from 'react-i18next';
import { useScope } from '../../session/use-session.ts';
import { Button } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import { FindPayment } from './find-payment.tsx';
import { PaymentRow } from './payment-row.tsx';
import { usePayments } from './use-payments.ts';

/** The person's payments, the newest first. For support, also anybody's payment by its number. */
export function PaymentsPanel() {
  const { t } = useTranslation();
  const payments = usePayments();
  const isSupport = useScope('payment:refund');
  return (
    <>
      {isSupport && <FindPayment />}
      <Panel
        title={t('payments.title')}
        signedOut={t('payments.signedOut')}
        scope="payment:read"
        query={payments}
      >
        {({ pages }) => {
          const all = pages.flatMap((page) => page.payments);
          if (all.length === 0) return <p className="empty">{t('payments.empty')}</p>;
          return (
            <ul className="rows">
              {all.map((payment) => (
                <PaymentRow key={payment.id} payment={payment} />
              ))}
            </ul>
          );
        }}
      </Panel>
      {payments.hasNextPage && (
        <Button isPending={payments.isFetchingNextPage} onPress={() => void payments.fetchNextPage()}>
          {t('payments.more')}
        </Button>
      )}
    </>
  );
}
