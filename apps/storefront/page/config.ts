import type { PageConfig } from '../src/page-config.ts';

/** The configuration that the server writes into index.html: the services' addresses, and whether this is the demo. */
export const config: PageConfig = readConfig();

function readConfig(): PageConfig {
  const text = document.getElementById('page-config')?.textContent;
  if (!text)
    throw new Error('index.html holds no page configuration: is it served by the storefront’s server?');
  return JSON.parse(text);
}
