const ids: Readonly<Record<string, string>> = {
  '/account/consents': ':clientId',
  '/account/identities': ':id',
  '/accounts': ':id',
  '/cart/checkouts': ':id',
  '/cart/items': ':sku',
  '/clients': ':id',
  '/demo/keys': ':kid',
  '/demo/phones': ':id',
  '/keys': ':kid',
  '/payments': ':id',
  '/sessions': ':id',
  '/wishlist/items': ':id',
};
/** Path segments in the place of an id that are not ids. */
const words: ReadonlySet<string> = new Set(['code', 'current', 'refresh', 'rotation']);

const member = new RegExp(`^(${Object.keys(ids).join('|')})/([^/]+)(.*)$`);

/**
 * A path in the form in which services name their routes, so that page and services use the same name for a request.
 *
 * @example shownPath('/payments/0190b0f2-…/refunds') // '/payments/:id/refunds'
 */
export function shownPath(path: string): string {
  const [, collection = '', id = '', rest = ''] = member.exec(path) ?? [];
  return id === '' || words.has(id) ? path : `${collection}/${ids[collection]}${shownRest(rest)}`;
}

/** `/accounts/:id/sessions/:id` */
function shownRest(rest: string): string {
  return rest.startsWith('/sessions/') ? shownPath(rest) : rest;
}
