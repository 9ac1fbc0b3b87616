import { useTranslation } from 'react-i18next';
import { shopMessages } from '../i18n/en/shop.ts';
import { endedVisit } from '../traffic/ended-visit.ts';
import { Notice, type Tone } from '../ui/notice.tsx';
import { useProviderName } from './providers.ts';

const outcomes = shopMessages.identities.outcomes;
type Outcome = keyof typeof outcomes;

const tones: Partial<Record<Outcome, Tone>> = { linked: 'good', known: 'good', cancelled: 'plain' };

/** Says what came of linking an account, to who has just come back from it. */
export function LinkNotice() {
  const { t } = useTranslation();
  const nameOf = useProviderName();
  const { kind, outcome, provider } = endedVisit ?? {};
  if (kind !== 'link' || outcome == null || !isOutcome(outcome)) return null;
  return (
    <Notice tone={tones[outcome] ?? 'warn'} isAlert>
      {t(`identities.outcomes.${outcome}`, { name: nameOf(provider ?? '') })}
    </Notice>
  );
}

function isOutcome(outcome: string): outcome is Outcome {
  return Object.hasOwn(outcomes, outcome);
}
