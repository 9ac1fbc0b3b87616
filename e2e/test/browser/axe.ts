import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * The serious and critical faults that axe finds on the page in its current state, each with its location.
 *
 * @example expect(await seriousFaults(page)).toEqual([]);
 */
export async function seriousFaults(page: Page): Promise<string[]> {
  // axe would measure colours in the middle of a transition.
  await page.waitForFunction('document.getAnimations().every(({ playState }) => playState !== "running")');
  if (await page.evaluate('typeof axe === "undefined"')) await page.evaluate(source);
  const { violations } = await page.evaluate<AxeResults>(
    // React Aria keeps its announcements for some seconds, even when their subject is gone.
    'axe.run({ exclude: ["[data-live-announcer]"] }, { resultTypes: ["violations"] })',
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
    );
}

/** Like seriousFaults, in both themes. Leaves the page dark. */
export async function seriousFaultsInBothThemes(page: Page): Promise<Record<'light' | 'dark', string[]>> {
  const faultsIn = async (colorScheme: 'light' | 'dark') => {
    await page.emulateMedia({ colorScheme });
    return await seriousFaults(page);
  };
  return { light: await faultsIn('light'), dark: await faultsIn('dark') };
}
