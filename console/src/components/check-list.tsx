import { Checkbox } from './checkbox.js';
import styles from './check-list.module.css';
import type { Option } from './select.js';

interface CheckListProps<T extends string> {
  readonly label: string;
  readonly options: readonly Option<T>[];
  readonly values: readonly T[];
  /** In the order of the options. */
  readonly onChange: (values: readonly T[]) => void;
  readonly error: string | undefined;
}

/** Several of a few values, all in sight. */
export function CheckList<T extends string>({ label, options, values, onChange, error }: CheckListProps<T>) {
  const change = (changed: T, isChosen: boolean): void =>
    onChange(
      options.map(({ value }) => value).filter((value) => (value === changed ? isChosen : values.includes(value))),
    );
  return (
    <fieldset className={styles.list}>
      <legend>{label}</legend>
      <div>
        {options.map(({ value, label: name }) => (
          <Checkbox
            key={value}
            label={name}
            checked={values.includes(value)}
            onChange={(isChosen) => change(value, isChosen)}
          />
        ))}
      </div>
      {error !== undefined && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}
