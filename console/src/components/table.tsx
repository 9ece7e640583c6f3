import { ArrowDown, ArrowUp } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { useWords } from '../language/language.js';
import { Checkbox } from './checkbox.js';
import { classNames } from './class-names.js';
import styles from './table.module.css';
import { words } from './words.js';

interface TableProps {
  /** What it lists, for screen readers. */
  readonly label: string;
  /** The next rows are on their way; these are the last ones. */
  readonly busy?: boolean;
  /** A `thead` and a `tbody`. */
  readonly children: ReactNode;
}

/** A dense table whose head stays in sight. It scrolls by itself, also sideways, so that a page never does (WCAG 1.4.10). */
export function Table({ label, busy, children }: TableProps) {
  return (
    // Reached by Tab, so that the keyboard can scroll it.
    <div className={styles.frame} role="region" aria-label={label} aria-busy={busy || undefined} tabIndex={0}>
      <table className={styles.table}>{children}</table>
    </div>
  );
}

interface HeadCellProps {
  readonly children: ReactNode;
  /** How the table is sorted by it; `null` if it can be and is not. */
  readonly sorted?: 'ascending' | 'descending' | null;
  readonly onSort?: () => void;
  /** As little room as its content takes. */
  readonly narrow?: boolean;
  readonly align?: 'end';
}

/** The head of a column; a button that sorts, if it can. */
export function HeadCell({ children, sorted, onSort, narrow, align }: HeadCellProps) {
  const className = classNames(narrow && styles.narrow, align && styles.end);
  if (!onSort) {
    return (
      <th scope="col" className={className}>
        {children}
      </th>
    );
  }
  const Arrow = sorted === 'descending' ? ArrowDown : ArrowUp;
  return (
    <th scope="col" className={className} aria-sort={sorted ?? 'none'}>
      <button type="button" className={styles.sort} onClick={onSort}>
        {children}
        {sorted && <Arrow aria-hidden="true" />}
      </button>
    </th>
  );
}

interface RowProps extends ComponentProps<'tr'> {
  readonly selected?: boolean;
}

/** A row; give it what `useRowKeys` says, so that j and k lead to it. */
export function Row({ selected, className, ...props }: RowProps) {
  return <tr {...props} className={classNames(styles.row, className)} data-selected={selected ? '' : undefined} />;
}

/** The box that chooses every row of the page. */
export function SelectAllCell({
  checked,
  onChange,
}: {
  readonly checked: boolean | 'some';
  readonly onChange: (checked: boolean) => void;
}) {
  const { selectAll } = useWords(words);
  return (
    <th scope="col" className={styles.narrow}>
      <Checkbox label={selectAll} labelHidden checked={checked} onChange={onChange} />
    </th>
  );
}

interface SelectCellProps {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  /** Whom or what the row is about. */
  readonly name?: string;
  readonly disabled?: boolean;
}

/** The box that chooses a row. */
export function SelectCell({ checked, onChange, name, disabled }: SelectCellProps) {
  const { selectRow } = useWords(words);
  return (
    <td className={styles.narrow}>
      <Checkbox
        label={name === undefined ? selectRow : `${selectRow}: ${name}`}
        labelHidden
        checked={checked}
        onChange={onChange}
        disabled={disabled}
      />
    </td>
  );
}
