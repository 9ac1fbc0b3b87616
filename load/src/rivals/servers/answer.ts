/** What every server answers with, once it has let a request in. */
export const answer = {
  items: [{ sku: 'tea-001', quantity: 2, price: 1250 }],
  total: 2500,
  currency: 'EUR',
};

export const audience = 'cart-service';
export const scope = 'cart:read';
