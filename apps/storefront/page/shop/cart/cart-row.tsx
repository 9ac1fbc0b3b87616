import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { QuantityField } from '../../ui/quantity-field.tsx';
import { report } from '../../ui/toasts.tsx';
import { Picture } from '../products/picture.tsx';
import { useProductName } from '../products/use-product-name.ts';
import { type CartLine, maximumQuantity } from './cart-rules.ts';
import { useChangeQuantity } from './use-cart.ts';

export function CartRow({ line }: { line: CartLine }) {
  const { t } = useTranslation();
  const { money } = useFormats();
  const name = useProductName()(line.sku);
  const change = useChangeQuantity();
  const { sku, quantity } = line;

  const remove = () => report(change.mutateAsync({ sku, quantity: 0 }), t('cart.removed', { name }));

  return (
    <li className="row">
      <Picture sku={sku} isSmall />
      <div className="row-text">
        <p className="row-title">
          <strong>{name}</strong>
          <span className="price">{money(line.line_total)}</span>
        </p>
        <p className="soft">{t('cart.each', { price: money(line.unit_price) })}</p>
        <div className="row-foot">
          <QuantityField
            name={name}
            value={quantity}
            most={maximumQuantity}
            onChange={(next) => report(change.mutateAsync({ sku, quantity: next }))}
          />
          <Button look="icon" aria-label={t('cart.remove', { name })} onPress={remove}>
            <Icon name="bin" />
          </Button>
        </div>
      </div>
    </li>
  );
}
