import { useId } from 'react';

type ChoiceProps<Value extends string> = {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [Value, string])[];
  readonly onChange: (value: Value) => void;
};

/** A choice between a few options, side by side. */
export function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  const group = useId();
  return (
    <div className="demo-choice" role="radiogroup" aria-label={label}>
      {options.map(([name, text]) => (
        <label key={name}>
          <input type="radio" name={group} checked={name === value} onChange={() => onChange(name)} />
          {text}
        </label>
      ))}
    </div>
  );
}
