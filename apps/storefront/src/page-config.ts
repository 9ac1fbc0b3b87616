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
  /** From when on payment-service asks for a recent sign-in: minor units, and how recent. */
  readonly step_up: { readonly amount: number; readonly max_age_seconds: number };
  /** Whether the demo's routes are there. */
  readonly demo: boolean;
};
