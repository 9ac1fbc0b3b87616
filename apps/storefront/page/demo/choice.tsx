import { ToggleButton } from 'react-aria-components/ToggleButton';
import { ToggleButtonGroup } from 'react-aria-components/ToggleButtonGroup';

type ChoiceProps<Value extends string> = {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [Value, string])[];
  readonly onChange: (value: Value) => void;
};

/** A choice between a few options, side by side. */
export function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <ToggleButtonGroup
      className="demo-choice"
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const [chosen] = options.find(([name]) => keys.has(name)) ?? [];
        if (chosen !== undefined) onChange(chosen);
      }}
    >
      {options.map(([name, text]) => (
        <ToggleButton key={name} id={name}>
          {text}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
