import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './button.tsx';
import { Icon } from './icons.tsx';

export type QuantityFieldProps = {
  /** The product's name, for the labels of the field and its buttons. */
  readonly name: string;
  readonly value: number;
  readonly most: number;
  readonly onChange: (value: number) => void;
};

/**
 * A field for a quantity, with buttons for one more and one fewer. A typed number counts when the person leaves the
 * field or presses Enter. It is the browser's own field: the component library's has more code than the rest of this
 * shop.
 */
export function QuantityField({ name, value, most, onChange }: QuantityFieldProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState<string | null>(null);

  function keep(): void {
    const quantity = Number(typed ?? value);
    setTyped(null);
    if (quantity !== value && Number.isInteger(quantity) && quantity >= 1 && quantity <= most)
      onChange(quantity);
  }

  return (
    <div className="quantity-group">
      <Button
        look="icon"
        aria-label={t('cart.fewer', { name })}
        isDisabled={value <= 1}
        onPress={() => onChange(value - 1)}
      >
        <Icon name="minus" />
      </Button>
      <input
        className="quantity-input"
        type="number"
        aria-label={t('cart.quantity', { name })}
        min={1}
        max={most}
        value={typed ?? value}
        onChange={({ target }) => setTyped(target.value)}
        onBlur={keep}
        onKeyDown={({ key }) => key === 'Enter' && keep()}
      />
      <Button
        look="icon"
        aria-label={t('cart.more', { name })}
        isDisabled={value >= most}
        onPress={() => onChange(value + 1)}
      >
        <Icon name="plus" />
      </Button>
    </div>
  );
}
