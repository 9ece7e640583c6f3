import { useWords } from '../language/language.js';
import styles from './skeleton.module.css';
import { words } from './words.js';

/** Stands where content will come. */
export function Skeleton({ rows = 4 }: { readonly rows?: number }) {
  const { loading } = useWords(words);
  return (
    <div className={styles.skeleton} role="status">
      <span className="visually-hidden">{loading}</span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={styles.row} aria-hidden="true" />
      ))}
    </div>
  );
}
