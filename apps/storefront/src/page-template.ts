import type { PageConfig } from './page-config.ts';

const placeholder = '<script type="application/json" id="page-config"></script>';

/**
 * Writes the page's configuration into its HTML, as data that no browser runs, and the nonce with which scripts may add
 * styles. `<` is escaped, so that no setting can end the element early (HTML §4.12.1.3).
 *
 * @returns a function from a nonce to the page
 * @throws Error when the HTML has no place for it
 * @example const render = pageTemplate(html, config);
 */
export function pageTemplate(html: string, config: PageConfig): (nonce: string) => string {
  const parts = html.split(placeholder);
  const [before, after] = parts;
  if (before === undefined || after === undefined || parts.length > 2)
    throw new Error(`index.html must have exactly one ${placeholder}`);
  const data = JSON.stringify(config).replaceAll('<', '\\u003c');
  const script = placeholder.replace('><', () => `>${data}<`);
  return (nonce) => `${before}<meta property="csp-nonce" nonce="${nonce}">${script}${after}`;
}
