import { describe, expect, it } from 'vitest';
import { isScope, isScopeList, scopesOf } from '../../src/token/scope.ts';

describe('a scope', () => {
  it.each(['cart:read', 'a', '!', '~', 'https://example/scope', "it's"])('may be spelled %j', (scope) => {
    expect(isScope(scope)).toBe(true);
  });

  it.each(['', ' ', 'a b', 'a"b', 'a\\b', 'a\n', '\u007f', 'é', 'a\u0000'])(
    'may not be spelled %j',
    (scope) => {
      expect(isScope(scope)).toBe(false);
    },
  );
});

describe('a list of scopes', () => {
  it.each(['a', 'a b', 'cart:read cart:write payment:read'])('may be %j', (list) => {
    expect(isScopeList(list)).toBe(true);
  });

  it.each(['', ' ', ' a', 'a ', 'a  b', 'a\tb', 'a\nb', 'a,"b"'])('may not be %j', (list) => {
    expect(isScopeList(list)).toBe(false);
  });

  it('becomes a set, the same one for the same list, and none for another', () => {
    expect([...scopesOf('a b')]).toEqual(['a', 'b']);
    expect([...scopesOf('')]).toEqual([]);
    expect(scopesOf('a b')).toBe(scopesOf('a b'));
    expect([...scopesOf('b')]).toEqual(['b']);
  });

  it('stays right however many lists there are', () => {
    for (let n = 0; n < 2500; n += 1) expect([...scopesOf(`scope-${n}`)]).toEqual([`scope-${n}`]);
    expect([...scopesOf('scope-0')]).toEqual(['scope-0']);
  });
});
