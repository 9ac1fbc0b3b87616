import { expect, test } from 'vitest';
import { wayToOwnOrigin, withoutMark } from '../../page/own-origin.ts';

const origin = 'https://shop.example';

// To a browser, a dot at the end of the name makes it another origin.
test.each([
  'http://127.0.0.1:3000',
  'https://www.shop.example',
  'https://shop.example.',
  'https://shop.example:8443',
  'http://shop.example',
])(
  'a browser that opened the page at %s is led to the name that the services allow, with what the address asks for',
  (other) => {
    expect(wayToOwnOrigin(`${other}/?code=a`, origin)).toBe('https://shop.example/?code=a#moved');
  },
);

test.each(['https://shop.example/', 'https://SHOP.example:443/', 'https://shop.example/#moved'])(
  'one at %s stays',
  (address) => {
    expect(wayToOwnOrigin(address, origin)).toBeNull();
  },
);

test.each(['https://www.shop.example/#moved', 'http://shop.example/#moved'])(
  'it is led there once, if a proxy sends it back to %s',
  (other) => {
    expect(wayToOwnOrigin(other, origin)).toBeNull();
    expect(withoutMark(other, origin)).toBe(other);
  },
);

test('a browser that opened the page by https is led to http, if the services allow that', () => {
  expect(wayToOwnOrigin('https://shop.example/', 'http://shop.example')).toBe('http://shop.example/#moved');
});

test('the mark goes from the address when it has arrived, and nothing else does', () => {
  expect(withoutMark('https://shop.example/?code=a#moved', origin)).toBe('https://shop.example/?code=a');
  expect(withoutMark('https://shop.example/?code=a#other', origin)).toBe(
    'https://shop.example/?code=a#other',
  );
});
