import { useTranslation } from 'react-i18next';
import { Panel } from '../../ui/panel.tsx';
import { useWishlist } from './use-wishlist.ts';
import { WishlistRow } from './wishlist-row.tsx';

/** The person's wishlist. */
export function WishlistPanel() {
  const { t } = useTranslation();
  const wishlist = useWishlist();
  return (
    <Panel
      title={t('wishlist.title')}
      signedOut={t('wishlist.signedOut')}
      scope="wishlist:read"
      query={wishlist}
    >
      {({ items }) =>
        items.length === 0 ? (
          <p className="empty">{t('wishlist.empty')}</p>
        ) : (
          <ul className="rows">
            {items.map((item) => (
              <WishlistRow key={item.id} item={item} />
            ))}
          </ul>
        )
      }
    </Panel>
  );
}
