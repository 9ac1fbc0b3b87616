/** The page's configuration, which the server writes into index.html. The page imports only the type. */
export type PageConfig = {
  /** The origin at which browsers must open the page: the services allow no other. */
  readonly origin: string;
  readonly issuer: string;
  readonly client_id: 'storefront';
  /** The services' URLs, as the browser reaches them. auth-service's is the issuer, which may have a path. */
  readonly services: {
    readonly auth: string;
    readonly cart: string;
    readonly wishlist: string;
    readonly payment: string;
  };
  /** Above which amount, in minor units, payment-service requires a recent sign-in, and how recent. */
  readonly step_up: { readonly amount: number; readonly max_age_seconds: number };
  /** Where people type their password: at auth-service's page (the code flow), or here. */
  readonly sign_in: 'code' | 'password';
  /** Whether demo mode is on. */
  readonly demo: boolean;
};
