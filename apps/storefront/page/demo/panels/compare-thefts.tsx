import { useTranslation } from 'react-i18next';
import type { ShopService } from '../../../src/demo/api.ts';
import { useReason } from '../reason.ts';
import { Scroll } from '../scroll.tsx';
import { VerdictBadge } from '../stopwatch/verdict-badge.tsx';
import type { KeptThefts, Thefts } from './thefts.ts';

type Outcome = { readonly status: number; readonly reason: string | null };
type Attempt = {
  readonly name: string;
  readonly outcomeOf: (thefts: Thefts) => Outcome | undefined;
};

const services: readonly ShopService[] = ['cart-service', 'wishlist-service', 'payment-service'];

/** The same thefts without a key and with one, side by side. */
export function CompareThefts({ thefts }: { readonly thefts: KeptThefts }) {
  const { t } = useTranslation('demo');
  const attempts: readonly Attempt[] = [
    ...services.map((service) => ({
      name: t('binding.access_at', { service }),
      outcomeOf: ({ access }: Thefts) => access?.find((verdict) => verdict.service === service),
    })),
    ...(['thief', 'owner'] as const).map((by) => ({
      name: t(`binding.refresh_${by}`),
      outcomeOf: ({ refresh }: Thefts) => refresh?.findLast(({ who }) => who === by),
    })),
  ];
  return (
    <section className="demo-part" aria-labelledby="compare-title">
      <h3 id="compare-title">{t('binding.compare')}</h3>
      <p className="demo-about">{t('binding.compare_about')}</p>
      <Scroll>
        <table className="demo-table">
          <caption className="visually-hidden">{t('binding.compare')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('binding.theft')}</th>
              <th scope="col">{t('binding.without')}</th>
              <th scope="col">{t('binding.with')}</th>
            </tr>
          </thead>
          <tbody>
            {attempts.map(({ name, outcomeOf }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <OutcomeCell outcome={outcomeOf(thefts.unbound)} />
                <OutcomeCell outcome={outcomeOf(thefts.bound)} />
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function OutcomeCell({ outcome }: { readonly outcome: Outcome | undefined }) {
  const { t } = useTranslation('demo');
  const reasonText = useReason();
  if (outcome === undefined) return <td className="demo-why">{t('binding.not_tried')}</td>;
  const { status, reason } = outcome;
  return (
    <td>
      <VerdictBadge status={status} />{' '}
      {reason !== null && <span className="demo-why">{reasonText(reason)}</span>}
    </td>
  );
}
