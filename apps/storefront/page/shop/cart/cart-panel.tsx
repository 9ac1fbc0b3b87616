import { useTranslation } from 'react-i18next';
import { Panel } from '../../ui/panel.tsx';
import { Checkout } from '../checkout/checkout.tsx';
import { CartRow } from './cart-row.tsx';
import { useCart } from './use-cart.ts';

/** The cart and its checkout. */
export function CartPanel() {
  const { t } = useTranslation();
  const cart = useCart();
  return (
    <Panel title={t('cart.title')} signedOut={t('cart.signedOut')} scope="cart:read" query={cart}>
      {({ items, totals: [total] }) => (
        <>
          {items.length === 0 && <p className="empty">{t('cart.empty')}</p>}
          <ul className="rows">
            {items.map((line) => (
              <CartRow key={line.sku} line={line} />
            ))}
          </ul>
          {/* Stays when the cart is empty: it shows the outcome of the payment that emptied it. */}
          <Checkout total={total} />
        </>
      )}
    </Panel>
  );
}
