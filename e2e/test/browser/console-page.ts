import type { Locator, Page } from 'playwright-core';

/** The requests in the lanes. */
export function lanes(page: Page): Locator {
  return page.getByRole('listbox', { name: 'Requests, the newest first' });
}

/** A request in the lanes, by its accessible name: `GET /cart from Page to Cart 200 let in`. */
export function arrow(page: Page, name: RegExp): Locator {
  return lanes(page).getByRole('option', { name }).first();
}

export function inspector(page: Page): Locator {
  return page.getByRole('region', { name: 'Inspector' });
}

type PanelName = 'Permissions' | 'Devices' | 'Thief' | 'Sharing' | 'Keys' | 'Failures';

/** Opens a panel. */
export async function openPanel(page: Page, name: PanelName): Promise<Locator> {
  await page.getByRole('tab', { name }).click();
  const panel = page.getByRole('tabpanel', { name });
  await panel.waitFor();
  return panel;
}

const services = ['cart-service', 'wishlist-service', 'payment-service'] as const;

/** Reads the table of verdicts with this caption: for each service, the cells after its name. */
export async function verdictsIn(place: Locator, caption: string): Promise<Record<string, string[]>> {
  const table = place.getByRole('table', { name: caption });
  await table.waitFor();
  const rows = services.map(async (service) => {
    const cells = table.getByRole('row', { name: service }).getByRole('cell');
    return [service, await cells.allTextContents()] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

/** The stopwatch of an action: for each service, the verdict before, the verdict after and the time between. */
export function stopwatchIn(place: Locator): Promise<Record<string, string[]>> {
  return verdictsIn(place, 'How each service changed its verdict');
}
