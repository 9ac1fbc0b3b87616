import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../page/styles/tokens.css', import.meta.url), 'utf8');
const colours = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }],
  ),
);
const themes = ['light', 'dark'] as const;

/** WCAG 2.2, "relative luminance". */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function minContrast(one: string, other: string): number {
  const ratios = themes.map((theme) => {
    const [light = 0, dark = 0] = [one, other]
      .map((name) => luminance(colours.get(name)?.[theme] ?? ''))
      .sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  });
  return Math.min(...ratios);
}

const surfaces = ['canvas', 'surface', 'surface-raised', 'surface-sunken', 'surface-hover'];
const lanes = ['lane-page', 'lane-auth', 'lane-cart', 'lane-wishlist', 'lane-payment'];
const texts = ['ink', 'ink-soft', 'ink-faint', 'accent', 'good', 'warn', 'bad', ...lanes];
const tinted = ['accent', 'good', 'warn', 'bad', ...lanes];

describe('the colours, in both themes (WCAG 2.2 AA)', () => {
  it.each(texts)('%s can be read on every surface', (text) => {
    for (const surface of surfaces) expect(minContrast(text, surface)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(tinted)('%s can be read on its own tint, and so can other text', (name) => {
    for (const text of [name, 'ink', 'ink-soft']) {
      expect(minContrast(text, `${name}-soft`)).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('pressed controls can be read', () => {
    expect(minContrast('on-accent', 'accent')).toBeGreaterThanOrEqual(4.5);
    expect(minContrast('on-accent', 'accent-hover')).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['line-strong', 'focus'])('%s stands out from every surface', (name) => {
    for (const surface of surfaces) expect(minContrast(name, surface)).toBeGreaterThanOrEqual(3);
  });
});
