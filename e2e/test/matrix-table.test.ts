import { describe, expect, it } from 'vitest';
import { readMatrix } from './matrix-table.ts';

const shape = { routes: { 'cart-service': ['GET /cart', 'POST /cart/items'] }, kinds: ['no token', 'good'] };
const good = `# Title

## cart-service

| Token | \`GET /cart\` | \`POST /cart/items\` |
|---|---|---|
| no token | 401 | 401 |
| good | 200 | 403[^why] |

[^why]: Because.
`;

describe('readMatrix', () => {
  it('reads every cell, without its footnote', () => {
    expect(readMatrix(good, shape)).toEqual([
      { service: 'cart-service', kind: 'no token', route: 'GET /cart', status: 401 },
      { service: 'cart-service', kind: 'no token', route: 'POST /cart/items', status: 401 },
      { service: 'cart-service', kind: 'good', route: 'GET /cart', status: 200 },
      { service: 'cart-service', kind: 'good', route: 'POST /cart/items', status: 403 },
    ]);
  });

  it.each([
    ['an unknown column', 'GET /cart`', 'GET /carts`', 'unknown column "GET /carts"'],
    ['a missing column', / \| `POST .*`/, '', 'the column "POST /cart/items" is missing'],
    ['a column twice', 'POST /cart/items` |', 'POST /cart/items` | `GET /cart` |', 'stands there twice'],
    ['an unknown row', '| good', '| better', 'unknown row "better"'],
    ['a missing row', /\| good.*\n/, '', 'the row "good" is missing'],
    ['an unknown service', '## cart-service', '## card-service', 'unknown service "card-service"'],
    ['a missing service', /\|.*\n/g, '', 'the service "cart-service" is missing'],
    ['a row that is not full', '| 401 | 401 |', '| 401 |', 'the row "no token" is not full'],
    ['a cell that is no status', '| 200 |', '| yes |', '"yes" is no status'],
    ['a footnote that nothing explains', '[^why]:', 'Why:', 'nothing explains [^why]'],
  ])('refuses %s', (_, from, to, message) => {
    const changed = good.replace(from, to);
    expect(changed).not.toBe(good);
    expect(() => readMatrix(changed, shape)).toThrow(message);
  });
});
