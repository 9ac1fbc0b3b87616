import { parser } from '@prometheus-io/lezer-promql';

export type Matcher = { readonly label: string; readonly operator: string; readonly value: string };
export type Selector = { readonly metric: string; readonly matchers: readonly Matcher[] };
/** What a query in PromQL reads: which metrics, by which labels, and the labels of `by (…)`. */
export type Query = { readonly selectors: readonly Selector[]; readonly grouping: readonly string[] };

/** Reads a query by Prometheus' own grammar. @throws Error when it is not PromQL */
export function readQuery(text: string): Query {
  const selectors: { metric: string; matchers: { label: string; operator: string; value: string }[] }[] = [];
  const grouping: string[] = [];
  let isGrouping = false;
  parser.parse(text).iterate({
    enter({ type, from, to }) {
      const part = text.slice(from, to);
      if (type.isError) throw new Error(`not PromQL, at "${text.slice(from, from + 20)}": ${text}`);
      if (type.name === 'GroupingLabels') isGrouping = true;
      if (type.name === 'VectorSelector') selectors.push({ metric: '', matchers: [] });
      const selector = selectors.at(-1);
      if (type.name === 'LabelName' && isGrouping) grouping.push(part);
      else if (type.name === 'Identifier' && selector) selector.metric = part;
      else if (type.name === 'LabelName') selector?.matchers.push({ label: part, operator: '', value: '' });
      const matcher = selector?.matchers.at(-1);
      if (type.name === 'MatchOp' && matcher) matcher.operator = part;
      if (type.name === 'StringLiteral' && matcher) matcher.value = part.slice(1, -1);
    },
    leave({ type }) {
      if (type.name === 'GroupingLabels') isGrouping = false;
    },
  });
  return { selectors, grouping };
}
