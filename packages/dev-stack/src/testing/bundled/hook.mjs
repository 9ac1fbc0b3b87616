// Loaded before everything else (node --import) by programs that tests start: imports of libraries in our own sources
// lead to the bundled files of bundle.ts. Each is about a hundred files otherwise.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const file = new URL(import.meta.url).searchParams.get('map');
const bundled = new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8'))));

// Vitest's own workers resolve imports in their own way, and would have two copies of a library.
if (!/[\\/]vitest[\\/]/.test(process.argv[1] ?? '')) {
  registerHooks({
    resolve(specifier, context, next) {
      const url = bundled.get(specifier);
      return url === undefined || (context.parentURL ?? '/node_modules/').includes('/node_modules/')
        ? next(specifier, context)
        : { url, format: 'module', shortCircuit: true };
    },
  });
}
