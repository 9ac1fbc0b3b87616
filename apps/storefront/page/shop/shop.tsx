import type { ReactNode } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components/Tabs';
import { useTranslation } from 'react-i18next';
import { useKeptPlace } from '../kept-place.ts';
import { dismissFaults } from '../ui/toasts.tsx';
import { CartPanel } from './cart/cart-panel.tsx';
import { piecesIn } from './cart/cart-rules.ts';
import { useCart } from './cart/use-cart.ts';
import { PaymentsPanel } from './payments/payments-panel.tsx';
import { ProductsPanel } from './products/products-panel.tsx';
import { useWishlist } from './wishlist/use-wishlist.ts';
import { WishlistPanel } from './wishlist/wishlist-panel.tsx';

const tabs = ['products', 'wishlist', 'cart', 'payments'] as const;

/** The shop's tabs: products, wishlist, cart and payments. */
export function Shop() {
  const { t } = useTranslation();
  const [tab, setTab] = useKeptPlace('tab', tabs);
  const { data: cart } = useCart();
  const { data: wishlist } = useWishlist();
  return (
    <section aria-labelledby="shop-heading">
      <h2 id="shop-heading" className="visually-hidden">
        {t('tabs.label')}
      </h2>
      <Tabs
        className="tabs"
        selectedKey={tab}
        onSelectionChange={(key) => {
          dismissFaults();
          const chosen = tabs.find((name) => name === key);
          if (chosen !== undefined) setTab(chosen);
        }}
      >
        <TabList className="tab-list" aria-labelledby="shop-heading">
          <ShopTab id="products">{t('tabs.products')}</ShopTab>
          <ShopTab id="wishlist" total={wishlist?.items.length ?? 0}>
            {t('tabs.wishlist')}
          </ShopTab>
          <ShopTab id="cart" total={piecesIn(cart)}>
            {t('tabs.cart')}
          </ShopTab>
          <ShopTab id="payments">{t('tabs.payments')}</ShopTab>
        </TabList>
        <TabPanel id="products" className="tab-panel">
          <ProductsPanel />
        </TabPanel>
        <TabPanel id="wishlist" className="tab-panel">
          <WishlistPanel />
        </TabPanel>
        {/* Stays mounted while another tab is open: a payment continues, and may ask for the password. */}
        <TabPanel id="cart" className="tab-panel" shouldForceMount>
          <CartPanel />
        </TabPanel>
        <TabPanel id="payments" className="tab-panel">
          <PaymentsPanel />
        </TabPanel>
      </Tabs>
    </section>
  );
}

function ShopTab({ id, total = 0, children }: { id: string; total?: number; children: ReactNode }) {
  return (
    <Tab id={id} className="tab">
      {children}
      {total > 0 && <span className="count">{total}</span>}
    </Tab>
  );
}
