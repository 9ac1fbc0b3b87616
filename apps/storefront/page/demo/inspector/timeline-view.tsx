import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../../i18n/i18n.ts';
import type { TrafficEntry } from '../../traffic/traffic.ts';
import { laneOfService } from '../lanes/lanes.ts';
import { verdictOf } from '../lanes/verdicts.ts';
import { formatDuration } from '../stopwatch/format-duration.ts';
import { timelineOf } from './timeline-rules.ts';

/** Shows who worked on a request, from when, and how long. */
export function TimelineView({ entry }: { readonly entry: TrafficEntry }) {
  const { t } = useTranslation('demo');
  const language = currentLanguage();
  const rows = timelineOf(entry);
  const wholeMs = Math.max(1, ...rows.map(({ offsetMs, durationMs }) => offsetMs + durationMs));
  const percent = (ms: number) => `${(ms / wholeMs) * 100}%`;
  return (
    <>
      <ol className="timeline" aria-label={t('inspector.timeline')}>
        {rows.map(({ id, who, name, depth, offsetMs, durationMs, status }) => {
          const duration = formatDuration(durationMs, language);
          const offset = formatDuration(offsetMs, language);
          const lane = laneOfService(who);
          return (
            <li key={id} data-lane={lane} data-verdict={verdictOf(status)}>
              <span className="timeline-name" style={{ paddingInlineStart: `${depth * 0.6}rem` }}>
                <span className="demo-lane" data-lane={lane}>
                  {lane === null ? who : t(`lanes.names.${lane}`)}
                </span>{' '}
                {name}
              </span>
              <span className="timeline-track" aria-hidden="true">
                <span
                  className="timeline-bar"
                  style={{ insetInlineStart: percent(offsetMs), inlineSize: percent(durationMs) }}
                />
              </span>
              <span className="timeline-took" aria-hidden="true">
                {duration}
              </span>
              <span className="visually-hidden">{t('inspector.took', { who, name, duration, offset })}</span>
            </li>
          );
        })}
      </ol>
      <p className="demo-about">{t('inspector.timeline_note')}</p>
    </>
  );
}
