import { Search, X } from 'lucide-react';
import { type KeyboardEvent, useId, useRef } from 'react';
import { useKeys } from '../keys/keys.js';
import { useWords } from '../language/language.js';
import { IconButton } from './button.js';
import styles from './field.module.css';
import { KeyHint } from './key-hint.js';
import { words } from './words.js';

interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  /** At each key; a page waits a moment before it asks the server. */
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly maxLength?: number;
  /** The key that leads here from anywhere on the page, `/` by default; null for none. */
  readonly shortcut?: string | null;
  /** Enter, or the arrow down: on to the results. */
  readonly onLeave?: () => void;
  readonly autoFocus?: boolean;
}

export function SearchField({
  label,
  value,
  onChange,
  placeholder,
  maxLength,
  shortcut = '/',
  onLeave,
  autoFocus,
}: SearchFieldProps) {
  const say = useWords(words);
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const reach = (): void => {
    input.current?.focus();
    input.current?.select();
  };
  useKeys(shortcut === null ? [] : [{ keys: shortcut, does: label, run: reach }]);
  const clear = (): void => {
    onChange('');
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      if (value === '') input.current?.blur();
      else onChange('');
    } else if (onLeave && (event.key === 'Enter' || event.key === 'ArrowDown')) {
      event.preventDefault();
      onLeave();
    }
  };
  return (
    <div className={styles.search} role="search">
      <label htmlFor={id} className="visually-hidden">
        {label}
      </label>
      <Search aria-hidden="true" />
      <input
        id={id}
        ref={input}
        type="search"
        className={styles.input}
        value={value}
        maxLength={maxLength}
        placeholder={placeholder ?? label}
        autoComplete="off"
        spellCheck={false}
        // Where looking for something is what the page is for.
        autoFocus={autoFocus}
        onKeyDown={onKeyDown}
        onChange={(event) => onChange(event.target.value)}
      />
      <span className={styles.searchEnd}>
        {value !== '' ? (
          <IconButton label={say.clear} onClick={clear}>
            <X aria-hidden="true" />
          </IconButton>
        ) : (
          shortcut !== null && <KeyHint keys={shortcut} />
        )}
      </span>
    </div>
  );
}
