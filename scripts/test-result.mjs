// The result of a test run, as text. Also a program for .ci/run, on any Node.js ≥ 18:
//
//   node scripts/test-result.mjs result.json
//
// prints it, totals last, and fails when a test failed, or none passed, or there is no result at all.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** @typedef {{ passed: number, failed: string[], skipped: string[] }} TestResult */

/**
 * @param {TestResult} result
 * @returns {string}
 */
export function formatResult({ passed, failed, skipped }) {
  return [
    ...failed.map((name) => `FAILED   ${name}`),
    ...skipped.map((name) => `SKIPPED  ${name}`),
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  ].join('\n');
}

/** @param {string} file */
function report(file) {
  /** @type {TestResult} */
  let result;
  try {
    result = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    console.log('The tests gave no result: they did not run to their end.');
    return 1;
  }
  if (result.passed === 0 && result.failed.length === 0) console.log('No test ran.');
  console.log(formatResult(result));
  return result.failed.length === 0 && result.passed > 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = report(process.argv[2] ?? '');
