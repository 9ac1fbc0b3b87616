import type { Arrow } from './arrow-rules.ts';
import { lanes, type Origin } from './lanes.ts';

/** The position of a lane's line in percent of the width; at an edge for who has no lane. */
export function lanePosition(lane: Origin): number {
  if (lane === 'demo') return 1;
  if (lane === 'partner' || lane === 'provider') return 99;
  return ((lanes.indexOf(lane) + 0.5) / lanes.length) * 100;
}

const headWidth = 8;

/** The lines of all lanes, for the height of one row, and the arrow across them. */
export function ArrowLine({ from, to, span }: Arrow) {
  const x1 = lanePosition(from);
  const x2 = lanePosition(to);
  const towards = x2 > x1 ? -1 : 1;
  return (
    <svg className="lanes-lines" aria-hidden="true" focusable="false">
      {lanes.map((lane) => (
        <line
          key={lane}
          className="lanes-lifeline"
          data-lane={lane}
          x1={`${lanePosition(lane)}%`}
          x2={`${lanePosition(lane)}%`}
          y1="0"
          y2="100%"
        />
      ))}
      <circle className="lanes-origin" cx={`${x1}%`} cy="70%" r="3" />
      <line
        className="lanes-arrow"
        data-hop={span !== null && from !== 'demo'}
        x1={`${x1}%`}
        x2={`${x2}%`}
        y1="70%"
        y2="70%"
      />
      <svg className="lanes-head" x={`${x2}%`} y="70%" overflow="visible" aria-hidden="true">
        <path d={`M0 0 L${towards * headWidth} -4.5 L${towards * headWidth} 4.5 Z`} />
      </svg>
    </svg>
  );
}
