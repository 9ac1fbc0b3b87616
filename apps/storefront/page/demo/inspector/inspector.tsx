import { useTranslation } from 'react-i18next';
import { partner } from '../../../src/demo/api.ts';
import { useSession } from '../../session/use-session.ts';
import type { TrafficEntry } from '../../traffic/traffic.ts';
import { type Arrow, isByDemo } from '../lanes/arrow-rules.ts';
import { VerdictBadge } from '../stopwatch/verdict-badge.tsx';
import { CurlView } from './curl-view.tsx';
import { decisionOfEntry, decisionOfHop } from './decision-rules.ts';
import { DecisionView } from './decision-view.tsx';
import { HeadersView } from './headers-view.tsx';
import { HopView } from './hop-view.tsx';
import { ProofView } from './proof-view.tsx';
import { Section } from './section.tsx';
import { TimelineView } from './timeline-view.tsx';
import { TokenView } from './token-view.tsx';
import { VisitView } from './visit-view.tsx';

export const inspectorId = 'inspector';

type InspectorProps = {
  readonly entry: TrafficEntry | null;
  readonly arrow: Arrow | null;
  /** Whether the wanted request is no longer kept; then there is no `arrow`. */
  readonly isGone: boolean;
};

/** Everything about the chosen request. */
export function Inspector({ entry, arrow, isGone }: InspectorProps) {
  const { t } = useTranslation('demo');
  const isSignedIn = useSession().status === 'signed_in';
  return (
    <section id={inspectorId} className="demo-card inspector" aria-labelledby="inspector-title" tabIndex={-1}>
      <h2 id="inspector-title">{t('inspector.title')}</h2>
      {entry === null || arrow === null ? (
        <p className="demo-about">
          {t(isGone ? 'inspector.gone' : isSignedIn ? 'inspector.choose' : 'inspector.nobody')}
        </p>
      ) : (
        <Inspected entry={entry} arrow={arrow} />
      )}
    </section>
  );
}

function Inspected({ entry, arrow }: { readonly entry: TrafficEntry; readonly arrow: Arrow }) {
  const { t } = useTranslation('demo');
  const { span, from, to, name, status, verdict } = arrow;
  const service = `${to}-service`;
  const { visit } = entry.request;
  return (
    <>
      <h3 className="inspector-name">
        <span className="demo-lane" data-lane={from}>
          {t(`lanes.names.${from}`)}
        </span>
        <span aria-hidden="true"> → </span>
        <span className="demo-lane" data-lane={to}>
          {t(`lanes.names.${to}`)}
        </span>{' '}
        <code>{name}</code> <VerdictBadge status={status} verdict={verdict} />
      </h3>
      {visit === undefined ? (
        <Section title={t('inspector.decided')} isOpen>
          <DecisionView decision={span ? decisionOfHop(span) : decisionOfEntry(entry)} service={service} />
        </Section>
      ) : (
        <VisitView url={entry.request.url} {...visit} />
      )}
      {span !== null && (
        <Section title={t('inspector.hop')} isOpen>
          <HopView
            span={span}
            caller={isByDemo(arrow) ? null : from === 'partner' ? partner : `${from}-service`}
          />
        </Section>
      )}
      {visit === undefined && (
        <Section title={t('inspector.timeline')} isOpen>
          <TimelineView entry={entry} />
        </Section>
      )}
      {span === null && visit === undefined && (
        <>
          <Section title={t('inspector.token')} isOpen>
            <TokenView token={entry.request.token} />
          </Section>
          {entry.request.proof !== null && (
            <Section title={t('inspector.proof_title')} isOpen>
              <ProofView proof={entry.request.proof} />
            </Section>
          )}
          <Section title={t('inspector.headers')}>
            <HeadersView entry={entry} />
          </Section>
          <Section title={t('inspector.curl')}>
            <CurlView request={entry.request} />
          </Section>
        </>
      )}
    </>
  );
}
