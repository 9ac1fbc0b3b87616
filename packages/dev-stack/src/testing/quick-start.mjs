// Loaded ahead of everything into each Node.js process of a test run: hundreds of them start, and load the same
// thousand modules. It changes how long that takes, and nothing else. Plain JavaScript, for any Node.js that a test
// starts.
import * as module from 'node:module';

const cache = new URL(import.meta.url).searchParams.get('cache');
if (cache !== null) {
  module.enableCompileCache?.(cache);
  // It is written at the end, which a killed process does not see.
  setTimeout(() => module.flushCompileCache?.(), 2_000).unref();
}

// To learn that a .js file is a module, Node.js reads its package's package.json and parses the "exports" as well:
// 170 KB in drizzle-orm, for each of its hundred files, which was half of a service's start.
module.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL, conditions } = context;
    return parentURL?.includes('/node_modules/drizzle-orm/') &&
      /^\.\.?\/.*\.js$/.test(specifier) &&
      conditions.includes('import')
      ? { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
      : next(specifier, context);
  },
});
