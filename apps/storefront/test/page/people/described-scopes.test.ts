import { describe, expect, it } from 'vitest';
import { shopMessages as en } from '../../../page/i18n/en/shop.ts';
import { shopMessages as ko } from '../../../page/i18n/ko/shop.ts';
import { describedScopes } from '../../../page/people/described-scopes.ts';

const [consentTexts = ''] = Object.values(
  import.meta.glob<string>('../../../../auth-service/src/pages/texts.ts', {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
);

/** What auth-service's page says of each scope, in English and then in Korean. */
function askedInWords(): Record<string, string>[] {
  return [...consentTexts.matchAll(/^ {2}scopes: \{\n([^}]*)\}/gm)].map(([, lines = '']) =>
    Object.fromEntries(
      [...lines.matchAll(/^ +'?([a-z_:]+)'?: '([^']+)',$/gm)].map(([, scope = '', text = '']) => [
        scope,
        text,
      ]),
    ),
  );
}

describe('what an application may do', () => {
  it('is said in the words with which auth-service’s page asked for it, in both languages', () => {
    const [english = {}, korean = {}] = askedInWords();
    const described = describedScopes(Object.keys(english));
    expect(described.length).toBeGreaterThan(9);
    for (const { scope, key } of described) {
      expect([scope, key && en.consents.scopes[key]]).toEqual([scope, english[scope]]);
      expect([scope, key && ko.consents.scopes[key]]).toEqual([scope, korean[scope]]);
    }
  });

  it('is in one order, with what has no words at the end, and what speaks of the rest after it', () => {
    const scopes = ['toString', 'offline_access', 'ideas:write', 'wishlist:read', 'openid'];
    expect(describedScopes(scopes)).toEqual([
      { scope: 'openid', key: 'openid' },
      { scope: 'wishlist:read', key: 'wishlist_read' },
      { scope: 'offline_access', key: 'offline_access' },
      { scope: 'ideas:write', key: null },
      { scope: 'toString', key: null },
    ]);
  });
});
