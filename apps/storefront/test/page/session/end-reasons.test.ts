import { describe, expect, it } from 'vitest';
import { shopMessages as en } from '../../../page/i18n/en/shop.ts';
import { shopMessages as ko } from '../../../page/i18n/ko/shop.ts';
import { canSignInAgain, endReason, isAlarming } from '../../../page/session/end-reasons.ts';

const text = Object.values(
  import.meta.glob<string>('../../../../../docs/{sessions,revocation}.md', {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
).join('\n');

/** The reasons in the table "Why a session ended", and the words in "What can be revoked". */
function documentedReasons(): string[] {
  const [, after = ''] = text.split('## Why a session ended\n');
  const [section = ''] = after.split('\n## ');
  const rows = section.split('\n').filter((row) => row.startsWith('| `'));
  const ends = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([a-z_]+)`/g)].map(([, word]) => word),
  );
  const [, revoked = ''] = text.split('## What can be revoked\n');
  const words = [...(revoked.split('\n\nThe word at the end')[0] ?? '').matchAll(/: `([a-z_]+)`/g)];
  return [...ends, ...words.map(([, word]) => word)].filter((word) => word !== undefined);
}

describe('why a session ended', () => {
  it('is told in plain words for every reason of the document', () => {
    const reasons = documentedReasons();
    expect(reasons.length).toBeGreaterThan(14);
    const untold = reasons.filter((reason) => endReason(reason) === 'other' && reason !== 'unreadable');
    expect(untold).toEqual([]);
    for (const reason of reasons) {
      const told = endReason(reason);
      if (told === null) continue;
      expect(en.ended[told]).toBeTruthy();
      expect(ko.ended[told]).toBeTruthy();
    }
  });

  it('is not shown to a person who signed out here, or never was signed in', () => {
    expect(endReason('sign_out')).toBeNull();
    expect(endReason(null)).toBeNull();
  });

  it('has words for reasons that this page does not know', () => {
    expect(endReason('something_new')).toBe('other');
    expect(endReason('toString')).toBe('other');
  });

  it.each(['cross_site', 'client_revoked', 'account_disabled'] as const)(
    'does not ask for a new sign-in where that cannot help: %s',
    (reason) => {
      expect(canSignInAgain(reason)).toBe(false);
      expect(canSignInAgain('displaced')).toBe(true);
    },
  );

  it('is alarming if another person may be behind it', () => {
    expect(isAlarming('reuse')).toBe(true);
    expect(isAlarming('code_reused')).toBe(true);
    expect(isAlarming('displaced')).toBe(false);
  });
});
