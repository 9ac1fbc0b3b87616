import { useTranslation } from 'react-i18next';
import { absentThings, explainedClaims, shownClaims } from '../token/claims.ts';
import { decodeToken } from '../token/token.ts';
import { ClaimList } from './claim-list.tsx';

/** The decoded token: what each part says, and what is not in it. Never the token itself. */
export function TokenView({ token }: { readonly token: string | null }) {
  const { t } = useTranslation('demo');
  const decoded = token === null ? null : decodeToken(token);
  if (decoded === null) return <p>{t('inspector.token_none')}</p>;
  const { header, claims, signatureBytes, bytes } = decoded;
  const explain = (name: string) => {
    const known = explainedClaims.find((claim) => claim === name);
    return known && t(`claims.${known}`);
  };
  return (
    <div className="token">
      <p className="demo-about">{t('inspector.token_size', { bytes })}</p>
      <ClaimList
        title={t('inspector.token_header')}
        claims={shownClaims(header)}
        part="header"
        explain={explain}
      />
      <ClaimList
        title={t('inspector.token_claims')}
        claims={shownClaims(claims)}
        part="claims"
        explain={explain}
      />
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
