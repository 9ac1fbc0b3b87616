/* Draws the plots of the report. In the page there are uPlot, their data, and a figure for each. */
/* global uPlot */
(() => {
  const plots = JSON.parse(document.getElementById('plots').textContent);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const heightPx = 320;
  /** Steps of an axis of rounds, of services: there is no half of one. */
  const wholeSteps = [1, 2, 5]
    .flatMap((step) => [step, step * 10, step * 100, step * 1000, step * 10_000])
    .toSorted((a, b) => a - b);
  const palettes = {
    light: ['#0b62a4', '#b5460f', '#2c7a3f', '#7a3fa0', '#946200', '#b02a63', '#3d7d86', '#5c5c5c'],
    dark: ['#6db7f2', '#ff9d66', '#7ad190', '#c79bec', '#e5bb4f', '#f58bb5', '#7fcbd4', '#b5b5b5'],
  };
  let drawn = [];

  function draw() {
    for (const plot of drawn) plot.destroy();
    drawn = plots.map((plot) => {
      const place = document.querySelector(`#${plot.id} > div`);
      return new uPlot(optionsOf(plot, place.clientWidth), dataOf(plot), place);
    });
  }

  function optionsOf(plot, width) {
    const style = getComputedStyle(document.body);
    const palette = dark.matches ? palettes.dark : palettes.light;
    const axis = ({ title }) => ({
      label: title,
      stroke: style.color,
      grid: { stroke: dark.matches ? '#353a40' : '#d8d8d3', width: 1 },
      ticks: { show: false },
      values: (_plot, values) => values.map((value) => (value === null ? '' : show(value))),
    });
    return {
      width,
      height: heightPx,
      scales: { x: { time: false, ...scaleOf(plot.x) }, y: scaleOf(plot.y, plot) },
      axes: [
        { ...axis(plot.x), ...stepsOf(plot) },
        { ...axis(plot.y), size: 64 },
      ],
      cursor: { drag: { x: true, y: false } },
      series: [
        { label: plot.x.title, value: (_plot, value) => show(value) },
        ...plot.series.map(({ name, points }, index) => ({
          label: name,
          stroke: palette[index % palette.length],
          width: 2,
          // More than eight lines repeat their colours.
          dash: index < palette.length ? undefined : [6, 4],
          spanGaps: true,
          points: { show: points.length < 40, size: 6 },
          value: (_plot, value) => show(value),
        })),
      ],
    };
  }

  function scaleOf({ isLogarithmic, isReversed }, plot) {
    return {
      distr: isLogarithmic ? 3 : 1,
      dir: isReversed ? -1 : 1,
      // A linear axis of amounts begins at nothing, so that heights can be compared.
      ...(plot && !isLogarithmic && { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] }),
    };
  }

  function stepsOf({ x, series }) {
    const isWhole = series.every(({ points }) => points.every(([at]) => Number.isInteger(at)));
    return isWhole && !x.isLogarithmic ? { incrs: wholeSteps } : {};
  }

  /** uPlot wants all series over the same x values. */
  function dataOf({ x, y, series }) {
    const fits = ([at, value]) => (!x.isLogarithmic || at > 0) && (!y.isLogarithmic || value > 0);
    const tables = series.map(({ points }) => {
      const sorted = points.filter(fits).toSorted(([a], [b]) => a - b);
      return [sorted.map(([at]) => at), sorted.map(([, value]) => value)];
    });
    return tables.length === 0 ? [[], []] : uPlot.join(tables);
  }

  function show(value) {
    if (value === null || value === undefined) return '–';
    return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 4 });
  }

  let waiting;
  addEventListener('resize', () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 150);
  });
  dark.addEventListener('change', draw);
  draw();
})();
