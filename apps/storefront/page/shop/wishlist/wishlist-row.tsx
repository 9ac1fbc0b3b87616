import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { report } from '../../ui/toasts.tsx';
import { findProduct } from '../products/catalogue.ts';
import { Picture } from '../products/picture.tsx';
import { useProductName } from '../products/use-product-name.ts';
import { NoteField } from './note-field.tsx';
import { useMoveToCart, useUnwish, type WishlistItem } from './use-wishlist.ts';

export function WishlistRow({ item }: { item: WishlistItem }) {
  const { t } = useTranslation();
  const { money } = useFormats();
  const name = useProductName()(item.sku);
  const price = findProduct(item.sku)?.price;
  const move = useMoveToCart();
  const unwish = useUnwish();

  return (
    <li className="row">
      <Picture sku={item.sku} isSmall />
      <div className="row-text">
        <p className="row-title">
          <strong>{name}</strong>
          {price !== undefined && <span className="price">{money(price)}</span>}
        </p>
        {item.status === 'moving' && <p className="soft">{t('wishlist.moving')}</p>}
        <NoteField item={item} name={name} />
        <div className="row-foot">
          {price !== undefined && (
            <Button
              look="primary"
              aria-label={t('wishlist.moveToCart', { name })}
              isPending={move.isPending}
              onPress={() => report(move.mutateAsync({ item, price }), t('wishlist.moved', { name }))}
            >
              {t('wishlist.move')}
            </Button>
          )}
          <Button
            look="icon"
            aria-label={t('wishlist.remove', { name })}
            isPending={unwish.isPending}
            onPress={() => report(unwish.mutateAsync(item.id), t('wishlist.removed', { name }))}
          >
            <Icon name="bin" />
          </Button>
        </div>
      </div>
    </li>
  );
}
