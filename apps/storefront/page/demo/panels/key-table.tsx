import { useTranslation } from 'react-i18next';
import type { SigningKeys } from '../../../src/demo/api.ts';
import { Scroll } from '../scroll.tsx';
import { useTokenKeyId } from './token-key.ts';

const verdicts = { next: 'waiting', active: 'passed', retiring: 'turned_down' } as const;

/** The keys that auth-service publishes, and which of them signed the page's token. */
export function KeyTable({ keys }: SigningKeys) {
  const { t } = useTranslation('demo');
  const own = useTokenKeyId();
  return (
    <Scroll>
      <table className="demo-table">
        <caption>{t('keys.list')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('keys.key')}</th>
            <th scope="col">{t('keys.state')}</th>
          </tr>
        </thead>
        <tbody>
          {keys.map(({ kid, state: stage }) => (
            <tr key={kid}>
              <th scope="row">
                <code>{kid.slice(0, 12)}…</code>
                {kid === own && <span className="demo-mark">{t('keys.yours')}</span>}
              </th>
              <td>
                <span className="demo-badge" data-verdict={verdicts[stage]}>
                  {t(`keys.states.${stage}`)}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
