import { useId } from 'react';
import { useWords } from '../language/language.js';
import styles from './progress.module.css';
import { words } from './words.js';

interface ProgressProps {
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

/** How far something has got. */
export function Progress({ label, done, total }: ProgressProps) {
  const say = useWords(words);
  const id = useId();
  const text = say.progress(done, total);
  return (
    <div className={styles.progress}>
      <div className={styles.head}>
        <span id={id}>{label}</span>
        <span>{text}</span>
      </div>
      <div
        className={styles.track}
        role="progressbar"
        aria-labelledby={id}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
        aria-valuetext={text}
      >
        <div className={styles.bar} style={{ width: `${total === 0 ? 0 : (done / total) * 100}%` }} />
      </div>
    </div>
  );
}
