import { classNames } from './class-names.js';
import styles from './key-hint.module.css';

/** The keys that do something: `/`, or one after the other: `g p`. Not shown where there is no keyboard. */
export function KeyHint({ keys }: { readonly keys: string }) {
  return (
    <span className={classNames(styles.keys, styles.hint)} aria-hidden="true">
      {keys.split(' ').map((key, index) => (
        <kbd key={`${index} ${key}`} className={styles.key}>
          {key}
        </kbd>
      ))}
    </span>
  );
}
