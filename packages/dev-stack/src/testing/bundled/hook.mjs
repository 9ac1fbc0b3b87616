// Loaded before everything else (node --import) by programs that tests start: imports of libraries in our own sources
// lead to the bundled files of bundle.ts. For any Node.js: tests start old ones too, which go on without the bundle.
import { readFileSync } from 'node:fs';
import * as module from 'node:module';

const { searchParams } = new URL(import.meta.url);
const bundled = new Map(Object.entries(JSON.parse(readFileSync(searchParams.get('map'), 'utf8'))));
const repositories = [new URL('../../../../../', import.meta.url).href, ...searchParams.getAll('repository')];

// Vitest's own workers resolve imports in their own way, and would have two copies of a library.
if (!/[\\/]vitest[\\/]/.test(process.argv[1] ?? '')) {
  module.registerHooks?.({
    resolve(specifier, context, next) {
      const url = bundled.get(specifier);
      return url === undefined || !isOurs(context.parentURL)
        ? next(specifier, context)
        : { url, format: 'module', shortCircuit: true };
    },
  });
}

/** Not a packed package that a test installs elsewhere. */
function isOurs(parentURL = '') {
  return repositories.some((url) => parentURL.startsWith(url)) && !parentURL.includes('/node_modules/');
}
