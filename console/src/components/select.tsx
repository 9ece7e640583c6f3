import { Select as Base } from '@base-ui/react/select';
import { Check, ChevronDown } from 'lucide-react';
import { useId } from 'react';
import buttons from './button.module.css';
import { classNames } from './class-names.js';
import fields from './field.module.css';
import styles from './popup.module.css';

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
}

interface CommonProps<T extends string> {
  readonly label: string;
  readonly options: readonly Option<T>[];
  readonly disabled?: boolean;
}

interface SelectProps<T extends string> extends CommonProps<T> {
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly hint?: string;
  readonly error?: string;
  /** Within its button, as in a row of filters, and not above it. */
  readonly inline?: boolean;
  /** The value that is no choice: the button in a row of filters shows its label alone then. */
  readonly unset?: T;
}

/** One of several values. */
export function Select<T extends string>({
  label,
  value,
  onChange,
  options,
  hint,
  error,
  inline,
  unset,
  disabled,
}: SelectProps<T>) {
  const id = useId();
  const chosen = options.find((option) => option.value === value)?.label ?? '';
  const select = (
    <Base.Root<T>
      value={value}
      onValueChange={(next) => next !== null && onChange(next)}
      disabled={disabled}
      modal={false}
    >
      <Trigger
        id={id}
        label={label}
        value={chosen}
        inline={inline === true}
        isQuiet={value === unset}
        describedBy={hint || error ? `${id}-more` : undefined}
      />
      <Options options={options} />
    </Base.Root>
  );
  if (inline) return select;
  return (
    <div className={fields.field}>
      <span id={`${id}-label`} className={fields.label}>
        {label}
      </span>
      {select}
      {(error ?? hint) && (
        <p id={`${id}-more`} className={error ? fields.error : fields.hint}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

interface MultiSelectProps<T extends string> extends CommonProps<T> {
  readonly values: readonly T[];
  /** In the order of the options; empty for no filter. */
  readonly onChange: (values: T[]) => void;
  /** What it says to those who do not see it while nothing is chosen: "any". */
  readonly none: string;
  /** Where what is chosen shows elsewhere. */
  readonly labelAlone?: boolean;
}

/** Any number of values, for a filter. */
export function MultiSelect<T extends string>({
  label,
  values,
  onChange,
  options,
  none,
  labelAlone = false,
  disabled,
}: MultiSelectProps<T>) {
  const id = useId();
  const chosen = options.filter(({ value }) => values.includes(value));
  const ordered = (next: readonly T[]): T[] =>
    options.map(({ value }) => value).filter((value) => next.includes(value));
  return (
    <Base.Root<T, true>
      multiple
      value={values}
      onValueChange={(next) => onChange(ordered(next))}
      disabled={disabled}
      modal={false}
    >
      <Trigger
        id={id}
        label={label}
        value={chosen.map((option) => option.label).join(', ') || none}
        inline
        isQuiet={labelAlone || chosen.length === 0}
      />
      <Options options={options} />
    </Base.Root>
  );
}

interface TriggerProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly inline: boolean;
  /** In a row of filters: without its value. */
  readonly isQuiet: boolean;
  readonly describedBy?: string | undefined;
}

function Trigger({ id, label, value, inline, isQuiet, describedBy }: TriggerProps) {
  return (
    <Base.Trigger
      id={id}
      aria-label={inline ? `${label}: ${value}` : undefined}
      aria-labelledby={inline ? undefined : `${id}-label ${id}`}
      aria-describedby={describedBy}
      className={classNames(buttons.button, buttons.plain, styles.trigger, !inline && styles.wide)}
    >
      {inline && <span className={styles.triggerName}>{label}</span>}
      {!(inline && isQuiet) && <span className={styles.value}>{value}</span>}
      <ChevronDown aria-hidden="true" />
    </Base.Trigger>
  );
}

function Options<T extends string>({ options }: { readonly options: readonly Option<T>[] }) {
  return (
    <Base.Portal>
      <Base.Positioner className={styles.positioner} sideOffset={4} alignItemWithTrigger={false} align="start">
        <Base.Popup className={styles.popup}>
          {options.map(({ value, label }) => (
            <Base.Item key={value} value={value} className={styles.item}>
              <span className={styles.mark}>
                <Base.ItemIndicator>
                  <Check aria-hidden="true" />
                </Base.ItemIndicator>
              </span>
              <Base.ItemText>{label}</Base.ItemText>
            </Base.Item>
          ))}
        </Base.Popup>
      </Base.Positioner>
    </Base.Portal>
  );
}
