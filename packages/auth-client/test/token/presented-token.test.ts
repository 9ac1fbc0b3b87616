import { describe, expect, it } from 'vitest';
import { presentedToken } from '../../src/token/presented-token.ts';

function reading(...headers: string[]): string {
  try {
    const { scheme, token, proof } = presentedToken(headers);
    return [...(scheme === 'DPoP' ? ['DPoP'] : []), token, ...(proof === undefined ? [] : [proof])].join('|');
  } catch (error) {
    return `refused: ${(error as { code: string }).code}`;
  }
}

describe('the Authorization header', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['bEaReR abc', 'abc'],
    // Everything after the one space is the token, faults included. Another function parses it strictly.
    ['Bearer  abc', ' abc'],
    ['Bearer abc def', 'abc def'],
    ['Bearer', 'refused: invalid_token'],
    ['Bearer\tabc', 'refused: invalid_token'],
    ['Bearer,abc', 'refused: invalid_token'],
    ['Bearer=abc', 'refused: invalid_token'],
    ['', 'refused: missing_token'],
    ['Basic YTpi', 'refused: missing_token'],
    ['DPoP abc', 'DPoP|abc'],
    ['dpop abc', 'DPoP|abc'],
    ['DPoP', 'refused: invalid_token'],
    ['DPoPX abc', 'refused: missing_token'],
    ['BearerX abc', 'refused: missing_token'],
    ['Bearer-Token abc', 'refused: missing_token'],
    ['abc', 'refused: missing_token'],
    ['ey.ey.abc', 'refused: missing_token'],
  ])('%j reads %j', (value, expected) => {
    expect(reading('Host', 'x', 'Authorization', value)).toBe(expected);
  });

  it('is found whatever its case and place', () => {
    expect(reading('AUTHORIZATION', 'Bearer abc')).toBe('abc');
    expect(reading('Host', 'x', 'authorization', 'Bearer abc', 'Accept', '*/*')).toBe('abc');
  });

  it('is not taken for a value that looks like it', () => {
    expect(reading('Host', 'authorization', 'X-Authorization', 'Bearer abc', 'Cookie', 'Bearer abc')).toBe(
      'refused: missing_token',
    );
  });

  it('comes with the proof of the DPoP header, of which there is one (RFC 9449 §4.3)', () => {
    expect(reading('dPoP', 'p', 'Authorization', 'DPoP abc')).toBe('DPoP|abc|p');
    expect(reading('Authorization', 'Bearer abc', 'DPoP', 'p')).toBe('abc|p');
    expect(reading('DPoP', 'p', 'Authorization', 'DPoP abc', 'DPoP', 'p')).toBe(
      'refused: invalid_dpop_proof',
    );
  });

  it('is refused when it is there twice, even with the same value', () => {
    expect(reading('Authorization', 'Bearer abc', 'authorization', 'Bearer abc')).toBe(
      'refused: invalid_token',
    );
    expect(reading('Authorization', 'Basic YTpi', 'authorization', 'Bearer abc')).toBe(
      'refused: invalid_token',
    );
  });
});
