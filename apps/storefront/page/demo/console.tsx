import './i18n/messages.ts';
import './styles/console.css';
import './styles/controls.css';
import './styles/lanes.css';
import './styles/inspector.css';
import './styles/panels.css';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { config } from '../config.ts';
import type { TrafficEntry } from '../traffic/traffic.ts';
import { Announcer, useAnnounce } from './announcer.tsx';
import { Documents } from './documents.tsx';
import { Inspector, inspectorId } from './inspector/inspector.tsx';
import { type Arrow, arrowsOf } from './lanes/arrow-rules.ts';
import { useBackground } from './lanes/background.ts';
import { LanesSection } from './lanes/lanes-section.tsx';
import { useSpans, useTraffic } from './lanes/use-traffic.ts';
import { useWantedRequest } from './lanes/use-wanted-request.ts';
import { Panels, panelsId } from './panels/panels.tsx';
import { SignInAgain } from './person/sign-in-again.tsx';

/**
 * The demo's console: every request of this page as arrows between services, an inspector of the chosen request, and
 * panels that try to break the system. Needs a QueryClientProvider around it.
 *
 * @example const DemoConsole = lazy(async () => ({ default: (await import('./demo/console.tsx')).DemoConsole }));
 */
export function DemoConsole() {
  return (
    <Announcer>
      <Console />
    </Announcer>
  );
}

function Console() {
  const { t } = useTranslation('demo');
  const announce = useAnnounce();
  const [isPaused, setPaused] = useState(false);
  const [isBackgroundOn, setBackgroundOn] = useState(true);
  const [chosen, choose] = useState<string | null>(null);
  const [isGone, setGone] = useState(false);
  const areSpansThere = useSpans();
  const select = (key: string) => {
    setGone(false);
    choose(key);
  };
  useWantedRequest((traceId) => {
    if (traceId === null) {
      setGone(true);
      announce(t('inspector.gone'));
    } else {
      setPaused(false);
      select(traceId);
    }
  });
  useBackground(isBackgroundOn && !isPaused);
  const { entries, clear } = useTraffic(isPaused);
  const traces = useMemo(() => entries.map(arrowsOnce).filter(({ length }) => length > 0), [entries]);
  const arrows = traces.flat();
  const arrow = isGone ? null : (arrows.find(({ key }) => key === chosen) ?? newestOf(arrows));
  const entry = entries.find(({ request }) => request.traceId === arrow?.traceId) ?? null;

  return (
    <div className="demo-console">
      <SignInAgain />
      {/* For narrow screens, where the parts are one below the other. */}
      <nav className="demo-jump" aria-label={t('common.parts')}>
        <a href={`#${inspectorId}`}>{t('inspector.title')}</a>
        <a href={`#${panelsId}`}>{t('common.title')}</a>
      </nav>
      <div className="demo-columns">
        <LanesSection
          traces={traces}
          selected={arrow?.key ?? null}
          onSelect={select}
          isPaused={isPaused}
          onPause={setPaused}
          onClear={clear}
          isBackgroundOn={isBackgroundOn}
          onBackground={setBackgroundOn}
          areSpansThere={areSpansThere}
        />
        <Inspector entry={entry} arrow={arrow} isGone={isGone} />
        <Panels />
      </div>
      <Documents />
    </div>
  );
}

/** The request to inspect until the person chooses one: the newest that the person caused, else the newest of all. */
function newestOf(arrows: readonly Arrow[]): Arrow | null {
  const own = arrows.filter(
    ({ span, purpose }) => span === null && purpose !== 'load' && purpose !== 'probe',
  );
  return own.findLast(({ purpose }) => purpose === 'person') ?? own.at(-1) ?? arrows.at(-1) ?? null;
}

const arrowsOfEntry = new WeakMap<TrafficEntry, readonly Arrow[]>();

/** The arrows of an entry. Returns the same array while the entry is unchanged, so that React need not render again. */
function arrowsOnce(entry: TrafficEntry): readonly Arrow[] {
  const arrows = arrowsOfEntry.get(entry) ?? arrowsOf(entry, config.services);
  arrowsOfEntry.set(entry, arrows);
  return arrows;
}
