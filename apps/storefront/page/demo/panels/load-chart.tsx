import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import { useTheme } from '../../ui/theme.ts';
import { chartColumns, chartSeconds, type LoadCount, noLoad } from './load-rules.ts';

type LoadChartProps = {
  readonly count: LoadCount;
  /** The chart in words, for screen readers. */
  readonly summary: string;
  readonly names: { readonly requests: string; readonly errors: string };
};

const heightPx = 150;

/** Requests and errors per second of the last minute. */
export function LoadChart(props: LoadChartProps) {
  // A canvas keeps its colours when the theme changes, so it is drawn again.
  return <Plot key={useTheme()} {...props} />;
}

function Plot({ count, summary, names }: LoadChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot>(null);

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const drawn = new UPlot(optionsOf(element, names), chartColumns(noLoad, 0), element);
    chart.current = drawn;
    const watch = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: heightPx }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      drawn.destroy();
      chart.current = null;
    };
  }, [names]);

  useEffect(() => chart.current?.setData(chartColumns(count, Date.now())), [count]);

  return <div ref={place} className="load-chart" role="img" aria-label={summary} />;
}

function optionsOf(element: HTMLElement, names: LoadChartProps['names']): UPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => {
    // A custom property may contain light-dark(), which a canvas does not support. A colour property is computed.
    element.style.color = `var(${name})`;
    const { color } = getComputedStyle(element);
    element.style.removeProperty('color');
    return color;
  };
  const ink = colour('--ink-soft');
  const grid = { stroke: colour('--line'), width: 1 };
  const axis = { stroke: ink, grid, ticks: { show: false }, font: `12px ${style.fontFamily}` };
  return {
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [1 - chartSeconds, 0] },
      y: { range: (_plot, _least, most) => [0, Math.max(4, most)] },
    },
    axes: [axis, { ...axis, size: 36 }],
    series: [
      {},
      { label: names.requests, stroke: colour('--good'), fill: colour('--good-soft'), width: 2 },
      { label: names.errors, stroke: colour('--bad'), fill: colour('--bad-soft'), width: 2 },
    ],
  };
}
