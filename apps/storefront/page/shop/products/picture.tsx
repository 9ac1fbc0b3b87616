import { findProduct } from './catalogue.ts';
import { Drawing } from './drawings.tsx';

/** A product's picture on its tile; an empty tile for a product that the shop does not sell. */
export function Picture({ sku, isSmall = false }: { sku: string; isSmall?: boolean }) {
  const product = findProduct(sku);
  return (
    <div className={isSmall ? 'picture thumbnail' : 'picture'} data-sku={sku}>
      {product !== undefined && <Drawing sku={product.sku} />}
    </div>
  );
}
