import { useTranslation } from 'react-i18next';
import { findProduct } from './catalogue.ts';

/** A product's name, or a text for a product that the shop does not sell. */
export function useProductName(): (sku: string) => string {
  const { t } = useTranslation();
  return (sku) => {
    const product = findProduct(sku);
    return product === undefined ? t('products.unknown', { sku }) : t(`products.names.${product.sku}`);
  };
}
