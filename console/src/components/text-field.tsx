import { type ComponentProps, type Ref, useId, useState } from 'react';
import { useWords } from '../language/language.js';
import { Button } from './button.js';
import styles from './field.module.css';
import { words } from './words.js';

type InputProps = Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'ref' | 'id' | 'size'>;

interface TextFieldProps extends InputProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What to enter, below the field. */
  readonly hint?: string;
  /** What is wrong with the value. */
  readonly error?: string;
  /** Says so beside the label. */
  readonly optional?: boolean;
  /** For a field whose purpose its place makes plain; screen readers still have the label. */
  readonly labelHidden?: boolean;
  /** More than one line of text. */
  readonly rows?: number;
  readonly inputRef?: Ref<HTMLInputElement>;
}

/** A labelled field for text. One of type `password` has a button that shows what was typed. */
export function TextField({
  label,
  hint,
  error,
  optional,
  labelHidden,
  rows,
  inputRef,
  onChange,
  ...props
}: TextFieldProps) {
  const say = useWords(words);
  const id = useId();
  const [isShown, setShown] = useState(false);
  const isSecret = props.type === 'password';
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  const common = {
    id,
    className: styles.input,
    'aria-invalid': error ? true : undefined,
    'aria-describedby': described || undefined,
  };
  const input =
    rows === undefined ? (
      <input
        {...props}
        {...common}
        ref={inputRef}
        type={isSecret && isShown ? 'text' : (props.type ?? 'text')}
        onChange={(event) => onChange(event.target.value)}
      />
    ) : (
      <textarea
        {...common}
        rows={rows}
        value={props.value}
        name={props.name}
        maxLength={props.maxLength}
        required={props.required}
        placeholder={props.placeholder}
        disabled={props.disabled}
        onChange={(event) => onChange(event.target.value)}
      />
    );
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={labelHidden ? 'visually-hidden' : styles.label}>
        {label}
        {optional && <span className={styles.optional}>({say.optional})</span>}
      </label>
      {isSecret ? (
        <div className={styles.withButton}>
          {input}
          <Button kind="quiet" aria-pressed={isShown} aria-controls={id} onClick={() => setShown(!isShown)}>
            {isShown ? say.hide : say.show}
          </Button>
        </div>
      ) : (
        input
      )}
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className={styles.error} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
