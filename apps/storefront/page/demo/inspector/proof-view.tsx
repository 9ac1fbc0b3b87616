import { useTranslation } from 'react-i18next';
import { proofClaims, shownClaims } from '../token/claims.ts';
import { decodeToken } from '../token/token.ts';
import { ClaimList } from './claim-list.tsx';

/** The decoded proof of the key to which a token is bound (RFC 9449). Never the proof itself. */
export function ProofView({ proof }: { readonly proof: string }) {
  const { t } = useTranslation('demo');
  const claims = shownClaims(decodeToken(proof)?.claims ?? {});
  return (
    <div className="token">
      <p className="demo-about">{t('inspector.proof_note')}</p>
      <ClaimList
        title={t('inspector.token_claims')}
        claims={claims}
        part="claims"
        explain={(name) => {
          const known = proofClaims.find((claim) => claim === name);
          return known && t(`proofs.${known}`);
        }}
      />
    </div>
  );
}
