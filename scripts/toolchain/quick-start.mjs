import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Node.js takes an underscore for a hyphen, and quotes.
const withoutTypeScript = /^"?--no[-_](?:experimental[-_])?strip[-_]types"?$/;

/**
 * NODE_OPTIONS that make every process of a task, at any depth, load service-kit's quick-start.mjs first and share a
 * compile cache: a task starts many processes that load the same thousand modules. They all run TypeScript.
 *
 * @param {string} root
 * @param {string} given  the caller's own options, which stay unless they turn TypeScript off
 * @returns {string}
 */
export function quickStartOptions(root, given = '') {
  const script = pathToFileURL(join(root, 'packages', 'service-kit', 'src', 'quick-start.mjs'));
  script.searchParams.set('cache', join(root, 'node_modules', '.cache', 'compiled'));
  const option = `--import=${script}`;
  const options = given.split(' ').filter((each) => !withoutTypeScript.test(each));
  return (options.includes(option) ? options : [...options, option]).join(' ').trim();
}
