import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser } from './chromium.ts';
import { type BrowserSystem, startBrowserSystem } from './harness.ts';

describeInBrowser('the page', () => {
  let system: BrowserSystem;
  beforeAll(async () => {
    system = await startBrowserSystem();
  }, 120_000);
  afterAll(() => system?.stop());

  it('opens without a complaint of the browser, and asks nobody but us', async () => {
    const { openTab, complaints, strangers } = await system.newPerson();
    const page = await openTab();
    await page.getByRole('heading').first().waitFor();
    await page.waitForLoadState('networkidle');
    expect(complaints).toEqual([]);
    expect(strangers).toEqual([]);
  });

  it('runs no script that is not a file of ours', async () => {
    const { openTab, complaints } = await system.newPerson();
    const page = await openTab();
    await page
      .evaluate(() => {
        const { document } = globalThis as unknown as {
          document: Record<string, CallableFunction> & { body: { append(node: unknown): void } };
        };
        const script = document['createElement']?.('script');
        script.text = 'globalThis.ran = true';
        document.body.append(script);
      })
      .catch(() => {});
    expect(await page.evaluate(() => 'ran' in globalThis)).toBe(false);
    expect(complaints.join()).toMatch(/Content Security Policy|TrustedScript/);
  });
});
