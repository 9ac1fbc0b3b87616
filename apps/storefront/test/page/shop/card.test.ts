import { describe, expect, it } from 'vitest';
import { groupDigits, parseCard, sandboxCards } from '../../../page/shop/checkout/card.ts';

const good = { number: '4242 4242 4242 4242', expiry: '12/30', cvc: '123' };

describe('a card that a person types', () => {
  it('is read with and without spaces, and with two or four digits of the year', () => {
    const card = { number: '4242424242424242', exp_month: 12, exp_year: 2030, cvc: '123' };
    expect(parseCard(good)).toEqual({ card });
    expect(parseCard({ ...good, number: '4242-4242-4242-4242', expiry: ' 12 / 2030 ' })).toEqual({ card });
  });

  it('needs no cvc', () => {
    expect(parseCard({ ...good, cvc: '' }).card).not.toHaveProperty('cvc');
  });

  it.each([
    ['number', { number: '4242' }],
    ['number', { number: '4242 4242 4242 424x' }],
    ['expiry', { expiry: '13/30' }],
    ['expiry', { expiry: '0/30' }],
    ['expiry', { expiry: '1230' }],
    ['cvc', { cvc: '12' }],
  ])('says that its %s cannot be read: %j', (field, change) => {
    expect(parseCard({ ...good, ...change })).toEqual({ faults: [field] });
  });

  it('names every field that is wrong', () => {
    expect(parseCard({ number: '', expiry: '', cvc: 'x' })).toEqual({ faults: ['number', 'expiry', 'cvc'] });
  });

  it('is shown in groups of four', () => {
    expect(groupDigits('4242424242424242')).toBe('4242 4242 4242 4242');
    expect(groupDigits('42424')).toBe('4242 4');
    expect(groupDigits('378282246310005')).toBe('3782 8224 6310 005');
    expect(groupDigits('letters')).toBe('');
  });
});

describe('the sandbox cards', () => {
  it('are cards that can be read', () => {
    for (const { number } of sandboxCards) expect(parseCard({ ...good, number }).card?.number).toBe(number);
  });
});
