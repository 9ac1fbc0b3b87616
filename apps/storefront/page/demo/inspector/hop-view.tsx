import { useTranslation } from 'react-i18next';
import { partner, type ShownSpan, tokenAttributes } from '../../../src/demo/api.ts';
import { actorsOf } from '../lanes/arrow-rules.ts';

const fields = [
  ['subject', tokenAttributes.subject],
  ['actors', tokenAttributes.actors],
  ['client', tokenAttributes.client],
  ['scope', tokenAttributes.scope],
  ['session', tokenAttributes.session],
  ['key', tokenAttributes.keyId],
] as const;

type HopViewProps = {
  readonly span: ShownSpan;
  /** The caller's service.name; null: the demo's server. */
  readonly caller: string | null;
};

/** Who acts for whom in a request that the page did not send itself, as the called service reports it. */
export function HopView({ span, caller }: HopViewProps) {
  const { t } = useTranslation('demo');
  const { service, attributes } = span;
  const [actor, ...before] = actorsOf(span);
  const known = fields.flatMap(([name, attribute]) => {
    const value = attributes[attribute];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  const ownName =
    caller === null
      ? t('inspector.hop_demo')
      : caller === partner
        ? t('inspector.hop_partner')
        : t('inspector.hop_own', { caller });
  return (
    <>
      <p className="inspector-hop">
        {actor === undefined ? ownName : t('inspector.hop_sentence', { actor, service })}{' '}
        {before.length > 0 && t('inspector.hop_chain', { actors: before.join(' ') })}
      </p>
      {known.length > 0 && (
        <>
          <dl className="headers">
            {known.map(([name, value]) => (
              <div key={name} className="header">
                <dt>{t(`inspector.hop_fields.${name}`)}</dt>
                <dd>{value}</dd>
              </div>
            ))}
            <div className="header">
              <dt>{t('inspector.hop_fields.audience')}</dt>
              <dd>{service}</dd>
            </div>
          </dl>
          {caller !== null && <p className="demo-about">{t('inspector.hop_note', { service })}</p>}
        </>
      )}
    </>
  );
}
