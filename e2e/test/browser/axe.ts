import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe finds serious or critical on a page as it stands now, each with where it is.
 *
 * @example expect(await seriousFaults(page)).toEqual([]);
 */
export async function seriousFaults(page: Page): Promise<string[]> {
  // Colours that are still on their way would be measured as they are.
  await page.waitForFunction('document.getAnimations().every(({ playState }) => playState !== "running")');
  if (await page.evaluate('typeof axe === "undefined"')) await page.evaluate(source);
  const { violations } = await page.evaluate<AxeResults>(
    // What React Aria has read out stays there for some seconds, also when what it was about is gone.
    'axe.run({ exclude: ["[data-live-announcer]"] }, { resultTypes: ["violations"] })',
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
    );
}

/** As seriousFaults, in both themes. Leaves the page dark. */
export async function seriousFaultsInBothThemes(page: Page): Promise<Record<'light' | 'dark', string[]>> {
  const faultsIn = async (colorScheme: 'light' | 'dark') => {
    await page.emulateMedia({ colorScheme });
    return await seriousFaults(page);
  };
  return { light: await faultsIn('light'), dark: await faultsIn('dark') };
}
