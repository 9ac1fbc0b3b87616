// Loaded ahead of everything else (node --import), so that a process has less to do until it is ready. It changes how long
// that takes, and nothing besides. Plain JavaScript, for any Node.js: it comes to every process of a task.
import * as module from 'node:module';

// Where what was compiled is kept for the next process, if anywhere. An image says it by NODE_COMPILE_CACHE.
const cache = new URL(import.meta.url).searchParams.get('cache');
if (cache !== null) {
  module.enableCompileCache?.(cache);
  // It is written at the end, which a killed process does not see.
  setTimeout(() => module.flushCompileCache?.(), 2_000).unref();
}

// To learn that a .js file is a module, Node.js reads its package's package.json and parses the "exports" as well:
// 170 KB in drizzle-orm, for each of its hundred files, which was half of a service's start. An .mjs file, of which typebox
// has seven hundred, is a module by its name.
module.registerHooks?.({
  resolve(specifier, context, next) {
    const { parentURL, conditions } = context;
    return parentURL !== undefined &&
      conditions.includes('import') &&
      /^\.\.?\//.test(specifier) &&
      (specifier.endsWith('.mjs') ||
        (specifier.endsWith('.js') && parentURL.includes('/node_modules/drizzle-orm/')))
      ? { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
      : next(specifier, context);
  },
});
