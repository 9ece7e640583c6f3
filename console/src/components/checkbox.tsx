import styles from './field.module.css';

interface CheckboxProps {
  readonly label: string;
  readonly labelHidden?: boolean;
  /** `some`: of what it stands for, some is checked (a table's head). */
  readonly checked: boolean | 'some';
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}

export function Checkbox({ label, labelHidden, checked, onChange, disabled }: CheckboxProps) {
  return (
    <label className={styles.check}>
      <input
        type="checkbox"
        className={styles.box}
        checked={checked === true}
        disabled={disabled}
        ref={(input) => {
          if (input) input.indeterminate = checked === 'some';
        }}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span className={labelHidden ? 'visually-hidden' : undefined}>{label}</span>
    </label>
  );
}
