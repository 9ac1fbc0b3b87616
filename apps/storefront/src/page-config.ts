/** What the page has to know, as the server writes it into index.html. The page imports the type alone. */
export type PageConfig = {
  readonly issuer: string;
  readonly client_id: 'storefront';
  /** Where each service is, as the browser reaches it. */
  readonly services: {
    readonly auth: string;
    readonly cart: string;
    readonly wishlist: string;
    readonly payment: string;
  };
  /** Whether the demo's routes are there. */
  readonly demo: boolean;
};
