import { currentLanguage } from '../../i18n/i18n.ts';
import type { ShownClaim } from '../token/claims.ts';

type ClaimListProps = {
  readonly title: string;
  readonly claims: readonly ShownClaim[];
  readonly part: 'header' | 'claims';
  /** What a claim means; undefined where nothing explains it. */
  readonly explain: (name: string) => string | undefined;
};

/** The members of one part of a signed document, each with what it means. */
export function ClaimList({ title, claims, part, explain }: ClaimListProps) {
  const time = new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'medium' });
  return (
    <div className="token-part" data-part={part}>
      <h5>{title}</h5>
      <dl>
        {claims.map(({ name, value, atMs }) => {
          const explained = explain(name);
          return (
            <div key={name} className="token-claim">
              <dt>
                <code>{name}</code>
              </dt>
              <dd>
                <code>{value}</code>
                {atMs !== null && <span className="token-time"> {time.format(atMs)}</span>}
                {explained !== undefined && <p>{explained}</p>}
              </dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}
