import { useTranslation } from 'react-i18next';
import { sandboxCards } from './card.ts';

/** The sandbox cards, by their outcomes. */
export function SandboxCards({ number, onChoose }: { number: string; onChoose: (number: string) => void }) {
  const { t } = useTranslation();
  const digits = number.replaceAll(' ', '');
  return (
    <fieldset className="cards">
      <legend>{t('checkout.cards')}</legend>
      <p className="hint">{t('checkout.intro')}</p>
      <div className="card-choices">
        {sandboxCards.map((card) => (
          <label key={card.number} className="card-choice">
            <input
              type="radio"
              name="sandbox-card"
              checked={digits === card.number}
              onChange={() => onChoose(card.number)}
            />
            <span className="digits">{card.number.slice(-4)}</span>
            <span>{t(`checkout.outcomes.${card.outcome}`)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
