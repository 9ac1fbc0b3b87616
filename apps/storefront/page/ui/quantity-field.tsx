import { Button, Group, Input, NumberField, type NumberFieldProps } from 'react-aria-components/NumberField';
import { useTranslation } from 'react-i18next';
import { Icon } from './icons.tsx';

export type QuantityFieldProps = Pick<NumberFieldProps, 'value' | 'onChange' | 'maxValue' | 'isDisabled'> & {
  readonly label: string;
};

/** How many of something: typed, or one more and one fewer. */
export function QuantityField({ label, ...props }: QuantityFieldProps) {
  const { t } = useTranslation();
  return (
    <NumberField {...props} aria-label={label} minValue={1} className="quantity">
      <Group className="quantity-group">
        <Button slot="decrement" className="button icon" aria-label={t('cart.fewer')}>
          <Icon name="minus" />
        </Button>
        <Input className="quantity-input" />
        <Button slot="increment" className="button icon" aria-label={t('cart.more')}>
          <Icon name="plus" />
        </Button>
      </Group>
    </NumberField>
  );
}
