import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format.ts';
import { useRequireSignIn } from '../../people/use-require-sign-in.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { report } from '../../ui/toasts.tsx';
import { useAddToCart } from '../cart/use-cart.ts';
import { useUnwish, useWish, useWishlist } from '../wishlist/use-wishlist.ts';
import { type Product, products } from './catalogue.ts';
import { Picture } from './picture.tsx';
import { useProductName } from './use-product-name.ts';

/** All products. Needs no sign-in. */
export function ProductsPanel() {
  return (
    <ul className="products">
      {products.map((product) => (
        <ProductCard key={product.sku} product={product} />
      ))}
    </ul>
  );
}

function ProductCard({ product }: { product: Product }) {
  const { t } = useTranslation();
  const { money } = useFormats();
  const name = useProductName()(product.sku);
  const requireSignIn = useRequireSignIn();
  const addToCart = useAddToCart();
  const { data: wishlist } = useWishlist();
  const wish = useWish();
  const unwish = useUnwish();
  const wished = wishlist?.items.find(({ sku }) => sku === product.sku);

  const add = () => report(addToCart.mutateAsync(product), t('products.added', { name }));
  const changeWish = () =>
    wished === undefined
      ? report(wish.mutateAsync(product.sku), t('products.wished', { name }))
      : report(unwish.mutateAsync(wished.id), t('wishlist.removed', { name }));

  return (
    <li className="product">
      <Picture sku={product.sku} />
      {/* Shows whether the wishlist has the product, also after a change elsewhere. */}
      <Button
        look="icon"
        aria-label={t('products.wish', { name })}
        aria-pressed={wished !== undefined}
        onPress={() => !wish.isPending && !unwish.isPending && requireSignIn(changeWish)}
      >
        <Icon name="heart" isFilled={wished !== undefined} />
      </Button>
      <div className="product-text">
        <h3>{name}</h3>
        <p className="description">{t(`products.descriptions.${product.sku}`)}</p>
      </div>
      <div className="product-foot">
        <span className="price">{money(product.price)}</span>
        <Button
          look="icon"
          aria-label={t('products.addToCart', { name })}
          isPending={addToCart.isPending}
          onPress={() => requireSignIn(add)}
        >
          <Icon name="bag" />
        </Button>
      </div>
    </li>
  );
}
