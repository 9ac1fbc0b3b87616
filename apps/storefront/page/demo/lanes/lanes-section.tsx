import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { Switch } from '../../ui/switch.tsx';
import { Choice } from '../choice.tsx';
import { inspectorId } from '../inspector/inspector.tsx';
import type { Arrow } from './arrow-rules.ts';
import { countsOf, type Filter, filters, shownArrows } from './filter-rules.ts';
import { LaneView } from './lane-view.tsx';
import { NoRequest } from './no-request.tsx';
import { TableView } from './table-view.tsx';

type LanesSectionProps = {
  /** The arrows of each trace. */
  readonly traces: readonly (readonly Arrow[])[];
  readonly selected: string | null;
  readonly onSelect: (key: string) => void;
  readonly isPaused: boolean;
  readonly onPause: (isPaused: boolean) => void;
  readonly onClear: () => void;
  readonly isBackgroundOn: boolean;
  readonly onBackground: (isOn: boolean) => void;
  readonly areSpansThere: boolean;
};

/** The lanes with their controls. */
export function LanesSection(props: LanesSectionProps) {
  const { traces, selected, onSelect, isPaused, onPause, isBackgroundOn, onBackground } = props;
  const { t } = useTranslation('demo');
  const [filter, setFilter] = useState<Filter>('all');
  const [view, setView] = useState<'lanes' | 'table'>('lanes');
  const arrows = shownArrows(traces, filter);
  const View = view === 'lanes' ? LaneView : TableView;
  return (
    <section className="demo-card lanes" aria-labelledby="lanes-title">
      <div className="lanes-head-row">
        <h2 id="lanes-title">{t('lanes.title')}</h2>
        <span className="lanes-live" data-paused={isPaused}>
          {isPaused ? t('lanes.pause') : t('lanes.live')}
        </span>
      </div>
      <p className="demo-about">{t('lanes.intro')}</p>
      <div className="lanes-tools">
        <Choice
          label={t('lanes.filter')}
          value={filter}
          options={filters.map((name) => [name, t(`lanes.filters.${name}`)])}
          onChange={setFilter}
        />
        <Choice
          label={t('lanes.view')}
          value={view}
          options={[
            ['lanes', t('lanes.as_lanes')],
            ['table', t('lanes.as_table')],
          ]}
          onChange={setView}
        />
        <Button onPress={() => onPause(!isPaused)}>
          {isPaused ? t('lanes.carry_on') : t('lanes.pause')}
        </Button>
        <Button onPress={props.onClear}>{t('lanes.clear')}</Button>
        <Switch isSelected={isBackgroundOn} onChange={onBackground}>
          {t('lanes.background')}
        </Switch>
      </div>
      {!props.areSpansThere && <p className="demo-fault">{t('lanes.spans_lost')}</p>}
      <div onClickCapture={showInspector}>
        <View arrows={arrows} selected={selected} onSelect={onSelect}>
          {traces.length === 0 ? <NoRequest /> : <p>{t('lanes.nothing')}</p>}
        </View>
      </div>
      <p className="lanes-counts">{t('lanes.counts', countsOf(arrows))}</p>
    </section>
  );
}

/** On a small screen the inspector is below, so a press on a request scrolls to it. Rows let no click bubble. */
function showInspector({ target }: { readonly target: EventTarget }): void {
  if (!(target instanceof Element) || target.closest('[data-trace], button') === null) return;
  const inspector = document.getElementById(inspectorId);
  const top = inspector?.getBoundingClientRect().top ?? 0;
  const isInSight = top >= 0 && top < innerHeight * 0.7;
  if (!isInSight) inspector?.scrollIntoView({ block: 'start' });
}
