import './i18n/messages.ts';
import './styles/console.css';
import './styles/controls.css';
import './styles/lanes.css';
import './styles/inspector.css';
import './styles/panels.css';
import { useMemo, useState } from 'react';
import { config } from '../config.ts';
import type { TrafficEntry } from '../traffic/traffic.ts';
import { Announcer } from './announcer.tsx';
import { Inspector } from './inspector/inspector.tsx';
import { type Arrow, arrowsOf } from './lanes/arrow-rules.ts';
import { useBackground } from './lanes/background.ts';
import { LanesSection } from './lanes/lanes-section.tsx';
import { useSpans, useTraffic } from './lanes/use-traffic.ts';
import { Panels } from './panels/panels.tsx';
import { SignInAgain } from './person/sign-in-again.tsx';

/**
 * The demo's console: every request of this page as arrows between services, an inspector of the chosen one, and panels
 * that try to break it all. Needs a QueryClientProvider around it.
 *
 * @example const DemoConsole = lazy(async () => ({ default: (await import('./demo/console.tsx')).DemoConsole }));
 */
export function DemoConsole() {
  const [isPaused, setPaused] = useState(false);
  const [isBackgroundOn, setBackgroundOn] = useState(true);
  const [chosen, choose] = useState<string | null>(null);
  const areSpansThere = useSpans();
  useBackground(isBackgroundOn && !isPaused);
  const { entries } = useTraffic(isPaused);
  const traces = useMemo(() => entries.map(arrowsOnce), [entries]);
  const arrows = traces.flat();
  // Who has chosen nothing yet sees the first request whose token was let in, or else the first.
  const isExample = ({ verdict, to, span }: Arrow) => verdict === 'passed' && to !== 'auth' && span === null;
  const example = arrows.find(isExample) ?? arrows[0] ?? null;
  const arrow = arrows.find(({ key }) => key === chosen) ?? example;
  const entry = entries.find(({ request }) => request.traceId === arrow?.traceId) ?? null;

  return (
    <Announcer>
      <div className="demo-console">
        <SignInAgain />
        <div className="demo-columns">
          <LanesSection
            traces={traces}
            selected={arrow?.key ?? null}
            onSelect={choose}
            isPaused={isPaused}
            onPause={setPaused}
            isBackgroundOn={isBackgroundOn}
            onBackground={setBackgroundOn}
            areSpansThere={areSpansThere}
          />
          <Inspector entry={entry} arrow={arrow} />
          <Panels />
        </div>
      </div>
    </Announcer>
  );
}

const arrowsOfEntry = new WeakMap<TrafficEntry, readonly Arrow[]>();

/** The same arrows as long as nothing happened to them, so that they need not be drawn again. */
function arrowsOnce(entry: TrafficEntry): readonly Arrow[] {
  const arrows = arrowsOfEntry.get(entry) ?? arrowsOf(entry, config.services);
  arrowsOfEntry.set(entry, arrows);
  return arrows;
}
