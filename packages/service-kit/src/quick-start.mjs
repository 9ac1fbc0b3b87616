// Loaded before everything else (node --import), to make processes start faster; it changes nothing else. Plain
// JavaScript for any Node.js, because every process of a task loads it.
import * as module from 'node:module';

// The directory of the compile cache for later processes, if any. An image sets NODE_COMPILE_CACHE.
const cache = new URL(import.meta.url).searchParams.get('cache');
if (cache !== null) {
  module.enableCompileCache?.(cache);
  // Flushed here because Node.js writes it at the end of a process, which a killed process never reaches.
  setTimeout(() => module.flushCompileCache?.(), 2_000).unref();
}

// To learn that a .js file is a module, Node.js reads its package's package.json and parses the "exports" as well: 170
// KB in drizzle-orm, for each of its hundred files, which was half of a service's start. An .mjs file, of which typebox
// has seven hundred, is a module by its name; so are our own sources.
module.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL, conditions } = context;
    const format =
      parentURL !== undefined && conditions.includes('import') && /^\.\.?\//.test(specifier)
        ? formatOf(specifier, parentURL)
        : undefined;
    return format === undefined
      ? next(specifier, context)
      : { url: new URL(specifier, parentURL).href, format, shortCircuit: true };
  },
});

function formatOf(specifier, parentURL) {
  if (specifier.endsWith('.mjs')) return 'module';
  if (specifier.endsWith('.js') && parentURL.includes('/node_modules/drizzle-orm/')) return 'module';
  if (specifier.endsWith('.ts') && !parentURL.includes('/node_modules/')) return 'module-typescript';
  return undefined;
}
