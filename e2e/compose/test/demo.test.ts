import { describe, expect, it } from 'vitest';
import { compose } from '../system.ts';

describe('the profile demo', () => {
  it('runs the scripted demo against the containers, and every check holds', {
    timeout: 240_000,
  }, async () => {
    const told = await compose('run', '--rm', '--no-TTY', 'demo');
    const [totals] = /\d+ steps, \d+ checks, \d+ failed/.exec(told) ?? [];
    console.log(totals);
    expect(totals).toMatch(/ 0 failed$/);
  });

  it('exits with the demo’s code', async () => {
    const broken = compose('run', '--rm', '--no-TTY', '--env', 'CART_URL=http://localhost:1', 'demo');
    await expect(broken).rejects.toMatchObject({ code: 1 });
  });
});
