import {
  TextField as AriaTextField,
  type TextFieldProps as AriaTextFieldProps,
  FieldError,
  Input,
  type InputProps,
  Label,
  Text,
} from 'react-aria-components/TextField';

export type TextFieldProps = Omit<AriaTextFieldProps, 'className' | 'style' | 'children'> & {
  readonly label: string;
  readonly hint?: string;
  /** What is wrong with the value; undefined when it is right, or not checked yet. */
  readonly fault?: string | undefined;
} & Pick<InputProps, 'placeholder'>;

/** A labelled line of text. */
export function TextField({ label, hint, fault, placeholder, ...props }: TextFieldProps) {
  return (
    <AriaTextField {...props} className="field" isInvalid={fault !== undefined}>
      <Label>{label}</Label>
      <Input className="input" {...(placeholder !== undefined && { placeholder })} />
      {hint !== undefined && fault === undefined && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-fault">{fault}</FieldError>
    </AriaTextField>
  );
}
