import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../../i18n/i18n.ts';
import { formatDuration } from '../stopwatch/format-duration.ts';
import { VerdictBadge } from '../stopwatch/verdict-badge.tsx';
import type { ArrowsProps } from './lane-view.tsx';

/** The same requests as a table, which is easier to read and works with screen readers. */
export function TableView({ arrows, selected, onSelect, children }: ArrowsProps) {
  const { t } = useTranslation('demo');
  const language = currentLanguage();
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'medium' });
  if (arrows.length === 0) return <div className="lanes-empty">{children}</div>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="demo-scroll lanes-table" tabIndex={0} aria-label={t('lanes.caption')}>
      <table className="demo-table">
        <caption className="visually-hidden">{t('lanes.caption')}</caption>
        <thead>
          <tr>
            <th scope="col" className="lanes-time">
              {t('lanes.table.time')}
            </th>
            <th scope="col">{t('lanes.table.from')}</th>
            <th scope="col">{t('lanes.table.to')}</th>
            <th scope="col">{t('lanes.table.request')}</th>
            <th scope="col">{t('lanes.table.verdict')}</th>
            <th scope="col" className="demo-elapsed">
              {t('lanes.table.took')}
            </th>
          </tr>
        </thead>
        <tbody>
          {arrows.map(({ key, startMs, from, to, name, status, verdict, durationMs, span }) => (
            <tr key={key} data-hop={span !== null} aria-current={key === selected || undefined}>
              <td className="lanes-time">{time.format(startMs)}</td>
              <td>
                <span className="demo-lane" data-lane={from}>
                  {t(`lanes.names.${from}`)}
                </span>
              </td>
              <td>
                <span className="demo-lane" data-lane={to}>
                  {t(`lanes.names.${to}`)}
                </span>
              </td>
              <td>
                <button type="button" className="demo-link" onClick={() => onSelect(key)}>
                  {name}
                </button>
              </td>
              <td>
                <VerdictBadge status={status} verdict={verdict} />
              </td>
              <td className="demo-elapsed">
                {durationMs === null ? '' : formatDuration(durationMs, language)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
