import { useTranslation } from 'react-i18next';
import { currentLanguage } from '../../i18n/i18n.ts';
import { absentThings, explainedClaims, shownClaims } from '../token/claims.ts';
import { decodeToken } from '../token/token.ts';

/** The decoded token: what each part says, and what is not in it. Never the token itself. */
export function TokenView({ token }: { readonly token: string | null }) {
  const { t } = useTranslation('demo');
  const decoded = token === null ? null : decodeToken(token);
  if (decoded === null) return <p>{t('inspector.token_none')}</p>;
  const { header, claims, signatureBytes, bytes } = decoded;
  return (
    <div className="token">
      <p className="demo-about">{t('inspector.token_size', { bytes })}</p>
      <ClaimList title={t('inspector.token_header')} members={header} part="header" />
      <ClaimList title={t('inspector.token_claims')} members={claims} part="claims" />
      <div className="token-part" data-part="signature">
        <h5>{t('inspector.signature')}</h5>
        <p>
          {signatureBytes === 0
            ? t('inspector.signature_absent')
            : t('inspector.signature_note', { bytes: signatureBytes })}
        </p>
      </div>
      <div className="token-part" data-part="absent">
        <h5>{t('inspector.absent')}</h5>
        <ul className="token-absent">
          {absentThings.map((thing) => (
            <li key={thing}>{t(`inspector.absent_things.${thing}`)}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}

type ClaimListProps = {
  readonly title: string;
  readonly members: Readonly<Record<string, unknown>>;
  readonly part: 'header' | 'claims';
};

function ClaimList({ title, members, part }: ClaimListProps) {
  const { t } = useTranslation('demo');
  const time = new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'medium' });
  return (
    <div className="token-part" data-part={part}>
      <h5>{title}</h5>
      <dl>
        {shownClaims(members).map(({ name, value, atMs }) => {
          const explained = explainedClaims.find((known) => known === name);
          return (
            <div key={name} className="token-claim">
              <dt>
                <code>{name}</code>
              </dt>
              <dd>
                <code>{value}</code>
                {atMs !== null && <span className="token-time"> {time.format(atMs)}</span>}
                {explained !== undefined && <p>{t(`claims.${explained}`)}</p>}
              </dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}
