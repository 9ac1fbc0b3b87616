import { expect, test } from 'vitest';
import type { PageConfig } from '../src/page-config.ts';
import { pageTemplate } from '../src/page-template.ts';

const html = '<head><script type="application/json" id="page-config"></script></head>';
const config: PageConfig = {
  origin: 'http://localhost:3000',
  issuer: 'http://localhost:4000/</script><script>alert(1)</script>$&',
  client_id: 'storefront',
  services: { auth: '', cart: '', wishlist: '', payment: '' },
  step_up: { amount: 50_000, max_age_seconds: 300 },
  sign_in: 'code',
  demo: false,
};

test('no setting can end the element that it is written into', () => {
  const page = pageTemplate(html, config)('abc');
  expect(page.match(/<\/script>/g)).toHaveLength(1);
  const [, data = ''] = /id="page-config">(.*)<\/script>/.exec(page) ?? [];
  expect(JSON.parse(data)).toEqual(config);
});

test.each(['<head></head>', html + html])(
  'a page without exactly one place for the configuration is refused',
  (wrong) => {
    expect(() => pageTemplate(wrong, config)).toThrow('exactly one <script');
  },
);
