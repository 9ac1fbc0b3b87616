import { createBrowserSession } from '@latchkey/auth-browser';
import { config } from '../config.ts';
import { recordedFetch } from '../traffic/recorded-fetch.ts';

const { cart, wishlist, payment } = config.services;

/** The page's only session. Every request with a token goes through its fetch. */
export const session = createBrowserSession({
  issuer: config.issuer,
  clientId: config.client_id,
  services: [cart, wishlist, payment],
  fetch: recordedFetch,
});
