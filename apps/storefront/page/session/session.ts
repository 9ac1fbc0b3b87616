import { createBrowserSession } from '@latchkey/auth-browser';
import { config } from '../config.ts';
import { preferences } from '../preferences.ts';
import { recordedFetch } from '../traffic/recorded-fetch.ts';

const { cart, wishlist, payment } = config.services;

// The demo's server measures with the page's token, which it could not use if it were bound. So there people choose.
const chosen = preferences.read('binding') === 'required' ? 'required' : 'none';

/** The page's only session. Every request with a token goes through its fetch. */
export const session = createBrowserSession({
  issuer: config.issuer,
  clientId: config.client_id,
  services: [cart, wishlist, payment],
  binding: config.demo ? chosen : 'where_possible',
  fetch: recordedFetch,
});
