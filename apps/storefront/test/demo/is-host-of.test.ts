import { expect, test } from 'vitest';
import { isHostOf } from '../../src/demo/is-host-of.ts';

// To a browser, a dot at the end of the name makes it another origin.
test.each(['127.0.0.1:3000', 'localhost', 'localhost.:3000', 'localhost:3000/x', 'a@localhost:3000', ''])(
  '%j is not the host of http://localhost:3000',
  (other) => {
    expect(isHostOf('http://localhost:3000')(other)).toBe(false);
  },
);

test.each([
  ['https://shop.example', 'SHOP.example'],
  ['https://shop.example', 'shop.example:443'],
  ['http://shop.example', 'shop.example:80'],
  ['http://[2001:db8::1]:3000', '[2001:DB8:0::1]:3000'],
])('the host of %s may also be written %s', (origin, other) => {
  expect(isHostOf(origin)(other)).toBe(true);
});
