import { useTranslation } from 'react-i18next';
import { useReason } from '../reason.ts';
import { type Check, checks, nonces, proofs, standards } from './checks.ts';
import { CopyButton } from './copy-button.tsx';
import type { Decision } from './decision-rules.ts';

const asOnlySomeRoutesAsk: ReadonlySet<Check> = new Set(['actor', 'recent_sign_in', 'freshness']);

type DecisionViewProps = {
  readonly decision: Decision;
  /** The service that decided. */
  readonly service: string;
};

/** The check that decided, in plain words, with its specification and the test that proves it. */
export function DecisionView({ decision, service }: DecisionViewProps) {
  const { t } = useTranslation('demo');
  const source = sourceOf(decision);
  return (
    <>
      <p className="inspector-decision" data-kind={decision.kind}>
        <DecisionText decision={decision} service={service} />
      </p>
      {source !== null && (
        <p className="inspector-sources">
          {t('inspector.standard')} <a href={source.standard.url}>{source.standard.name}</a>.{' '}
          {t('inspector.proof')} <Proof command={`npm test -- ${source.proof}`} />
        </p>
      )}
      <Ladder decision={decision} />
    </>
  );
}

function sourceOf(decision: Decision): typeof nonces | null {
  const { kind } = decision;
  if (kind === 'again') return nonces;
  const check = kind === 'refused' ? decision.check : null;
  const shown = check ?? (kind === 'passed' || kind === 'turned_down' ? 'signature' : null);
  return shown === null ? null : { standard: standards[shown], proof: proofs[shown] };
}

function Proof({ command }: { readonly command: string }) {
  const { t } = useTranslation('demo');
  return (
    <>
      <code>{command}</code>{' '}
      <CopyButton look="small" text={command} copied={t('inspector.proof_copied')}>
        {t('inspector.copy_proof')}
      </CopyButton>
    </>
  );
}

function DecisionText({ decision, service }: DecisionViewProps) {
  const { t } = useTranslation('demo');
  const reasonText = useReason();
  switch (decision.kind) {
    case 'refused': {
      const { check, reason, refusedBy } = decision;
      const why = check === null ? t('inspector.decisions.unknown') : t(`checks.${check}.refused`);
      const word = refusedBy === null ? '' : t('inspector.decisions.own_word', { word: refusedBy });
      return [why, reason === null ? '' : `(${reasonText(reason)})`, word].filter(Boolean).join(' ');
    }
    case 'not_signed_in':
      if (decision.code === 'session_ended' && decision.reason === null)
        return t('inspector.decisions.no_session');
      return t('inspector.decisions.not_signed_in', {
        code: decision.reason === null ? decision.code : reasonText(decision.reason),
      });
    case 'turned_down':
    case 'unfit':
    case 'failed':
      return t(`inspector.decisions.${decision.kind}`, { code: decision.code });
    default:
      return t(`inspector.decisions.${decision.kind}`, { service });
  }
}

/** All checks in order, and which of them refused the token. */
function Ladder({ decision }: { readonly decision: Decision }) {
  const { t } = useTranslation('demo');
  const until = reached(decision);
  if (until === null) return null;
  return (
    <ol className="inspector-ladder" aria-label={t('inspector.ladder')}>
      {checks.map((check, index) => {
        const state = stateOf(check, index - until.index);
        return (
          <li key={check} data-state={state}>
            {t(`checks.${check}.asks`)}{' '}
            <span className={isPlain(state) ? 'visually-hidden' : 'inspector-ladder-state'}>
              {t(`inspector.ladder_state.${state}`)}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

type StepState = 'passed' | 'refused' | 'unasked' | 'if_asked';

/** True when the mark before a check already shows its state. */
function isPlain(state: StepState): boolean {
  return state === 'passed' || state === 'unasked';
}

/** @param beyond how many checks after the one that refused; negative for those before it */
function stateOf(check: Check, beyond: number): StepState {
  if (beyond === 0) return 'refused';
  if (beyond > 0) return 'unasked';
  return asOnlySomeRoutesAsk.has(check) ? 'if_asked' : 'passed';
}

function reached(decision: Decision): { readonly index: number } | null {
  if (decision.kind === 'passed' || decision.kind === 'turned_down') return { index: checks.length };
  if (decision.kind !== 'refused' || decision.check === null) return null;
  return { index: checks.indexOf(decision.check satisfies Check) };
}
