// The result of a test run, as text. Also a program for .ci/run, on any Node.js ≥ 18:
//
//   node scripts/test-result.mjs result.json [another.json …]
//
// prints it, totals of all last, and fails when a test failed, or none passed, or a result is not there.
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

/** @param {string[]} files */
function report(files) {
  /** @type {TestResult[]} */
  let results;
  try {
    results = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    console.log('The tests gave no result: they did not run to their end.');
    return 1;
  }
  const isGood = results.every(({ passed, failed }) => failed.length === 0 && passed > 0);
  if (results.some(({ passed, failed }) => passed === 0 && failed.length === 0)) console.log('No test ran.');
  const total = {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failed: results.flatMap(({ failed }) => failed),
    skipped: results.flatMap(({ skipped }) => skipped),
  };
  console.log(formatResult(total));
  return isGood ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = report(process.argv.slice(2));
