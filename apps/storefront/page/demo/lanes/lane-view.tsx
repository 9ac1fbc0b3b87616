import type { CSSProperties, ReactNode } from 'react';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../../i18n/i18n.ts';
import { formatDuration } from '../stopwatch/format-duration.ts';
import { VerdictBadge } from '../stopwatch/verdict-badge.tsx';
import { ArrowLine, lanePosition } from './arrow-line.tsx';
import { type Arrow, isByDemo } from './arrow-rules.ts';
import { lanes } from './lanes.ts';

export type ArrowsProps = {
  readonly arrows: readonly Arrow[];
  readonly selected: string | null;
  readonly onSelect: (key: string) => void;
  /** Shown when there are no requests. */
  readonly children: ReactNode;
};

/** Requests as arrows between lanes, the newest on top. A list box: arrow keys walk through it. */
export function LaneView({ arrows, selected, onSelect, children }: ArrowsProps) {
  const { t } = useTranslation('demo');
  return (
    <div className="lanes-view">
      <div className="lanes-names" aria-hidden="true">
        {lanes.map((lane) => (
          <span key={lane} className="demo-lane" data-lane={lane}>
            {t(`lanes.names.${lane}`)}
          </span>
        ))}
      </div>
      {arrows.length === 0 ? (
        <div className="lanes-empty">{children}</div>
      ) : (
        <ListBox
          className="lanes-list"
          aria-label={t('lanes.caption')}
          items={arrows}
          selectionMode="single"
          selectionBehavior="replace"
          selectedKeys={selected === null ? [] : [selected]}
          onSelectionChange={(keys) => {
            const [key] = keys;
            if (key !== undefined) onSelect(String(key));
          }}
          dependencies={[currentLanguage()]}
        >
          {(arrow) => <ArrowItem arrow={arrow} />}
        </ListBox>
      )}
    </div>
  );
}

function ArrowItem({ arrow }: { readonly arrow: Arrow }) {
  const { t } = useTranslation('demo');
  const { from, to, name, status, verdict, durationMs, span } = arrow;
  const ends = t('lanes.ends', { from: t(`lanes.names.${from}`), to: t(`lanes.names.${to}`) });
  const acts = useActs()(arrow);
  return (
    <ListBoxItem
      id={arrow.key}
      className="lanes-row"
      textValue={`${name} ${ends}`}
      data-verdict={verdict}
      data-hop={span !== null}
      data-trace={arrow.traceId}
    >
      <ArrowLine {...arrow} />
      <span className="lanes-label" style={placeOf(arrow)}>
        <span className="lanes-name">{name}</span>
        <span className="visually-hidden"> {ends} </span>
        <VerdictBadge status={status} verdict={verdict} />
        {durationMs !== null && (
          <span className="lanes-took">{formatDuration(durationMs, currentLanguage())}</span>
        )}
        {acts && <span className="lanes-acts">{acts}</span>}
      </span>
    </ListBoxItem>
  );
}

/** Says who acts where it is not the page itself. */
function useActs(): (arrow: Arrow) => string | undefined {
  const { t } = useTranslation('demo');
  return (arrow) => {
    if (arrow.from === 'partner') return t('lanes.by_partner');
    if (isByDemo(arrow)) return t('lanes.by_demo');
    if (arrow.to === 'provider') return t('lanes.leaves');
    if (arrow.to === 'page') return t('lanes.returns');
    const [actor] = arrow.actors;
    return actor && t('lanes.acts_for_you', { actor });
  };
}

/** A label starts at the arrow's left end, or ends at its right end when there is more room. */
function placeOf({ from, to }: Arrow): CSSProperties {
  const left = Math.min(lanePosition(from), lanePosition(to));
  const right = Math.max(lanePosition(from), lanePosition(to));
  return 100 - left >= right
    ? { left: `calc(${left}% + 0.5rem)`, maxWidth: `${98 - left}%` }
    : { right: `calc(${100 - right}% + 0.5rem)`, maxWidth: `${right - 2}%` };
}
