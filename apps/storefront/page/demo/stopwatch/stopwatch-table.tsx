import { useTranslation } from 'react-i18next';
import type { Stopwatch, Verdict } from '../../../src/demo/api.ts';
import { currentLanguage } from '../../i18n/i18n.ts';
import { laneOfService } from '../lanes/lanes.ts';
import { useReason } from '../reason.ts';
import { Scroll } from '../scroll.tsx';
import { formatDuration } from './format-duration.ts';
import { VerdictBadge } from './verdict-badge.tsx';

/** How each service's verdict on a token changed, and after how long. */
export function StopwatchTable({
  stopwatch,
  caption,
}: {
  readonly stopwatch: readonly Stopwatch[];
  readonly caption?: string;
}) {
  const { t } = useTranslation('demo');
  return (
    <Scroll>
      <table className="demo-table demo-stopwatch">
        <caption>{caption ?? t('common.stopwatch')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('common.service')}</th>
            <th scope="col">{t('common.before')}</th>
            <th scope="col">{t('common.after')}</th>
            <th scope="col">{t('common.elapsed')}</th>
          </tr>
        </thead>
        <tbody>
          {stopwatch.map(({ service, before, after, elapsed_ms: elapsedMs }) => (
            <tr key={service} data-changed={elapsedMs !== null}>
              <th scope="row">
                <span className="demo-lane" data-lane={laneOfService(service)}>
                  {service}
                </span>
              </th>
              <td>
                <VerdictBadge status={before.status} />
              </td>
              <td>
                <VerdictBadge status={after.status} /> <WhyOf verdict={after} />
              </td>
              <td className="demo-elapsed">
                {elapsedMs === null ? t('common.unchanged') : formatDuration(elapsedMs, currentLanguage())}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** Each service's verdict on a token, without an earlier verdict. */
export function VerdictTable({
  verdicts,
  caption,
}: {
  readonly verdicts: readonly (Verdict & { readonly elapsedMs?: number })[];
  readonly caption: string;
}) {
  const { t } = useTranslation('demo');
  const isTimed = verdicts.some(({ elapsedMs }) => elapsedMs !== undefined);
  return (
    <Scroll>
      <table className="demo-table demo-stopwatch">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{t('common.service')}</th>
            <th scope="col">{t('common.verdict')}</th>
            {isTimed && <th scope="col">{t('thief.answered')}</th>}
          </tr>
        </thead>
        <tbody>
          {verdicts.map((verdict) => (
            <tr key={verdict.service}>
              <th scope="row">
                <span className="demo-lane" data-lane={laneOfService(verdict.service)}>
                  {verdict.service}
                </span>
              </th>
              <td>
                <VerdictBadge status={verdict.status} /> <WhyOf verdict={verdict} />
              </td>
              {isTimed && (
                <td className="demo-elapsed">{formatDuration(verdict.elapsedMs ?? 0, currentLanguage())}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function WhyOf({ verdict: { code, reason } }: { readonly verdict: Verdict }) {
  const reasonText = useReason();
  if (reason !== null) return <span className="demo-why">{reasonText(reason)}</span>;
  return code === null ? null : <code className="demo-why">{code}</code>;
}
