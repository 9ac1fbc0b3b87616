import { useTranslation } from 'react-i18next';
import { findProduct } from './catalogue.ts';

/** What a thing is called; also one that the shop does not sell. */
export function useProductName(): (sku: string) => string {
  const { t } = useTranslation();
  return (sku) => {
    const product = findProduct(sku);
    return product === undefined ? t('products.unknown', { sku }) : t(`products.names.${product.sku}`);
  };
}
