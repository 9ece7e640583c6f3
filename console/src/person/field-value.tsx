import { Time } from '../components/time.js';
import { fieldWords } from '../events-in-words/field-words.js';
import { useWords } from '../language/language.js';
import { fieldText, TIMES } from './field-text.js';
import styles from './person.module.css';

/** The value of a field of a user; what is not set says so. */
export function FieldValue({ field, value }: { readonly field: string; readonly value: unknown }) {
  const say = useWords(fieldWords);
  if (TIMES.has(field) && typeof value === 'string') return <Time at={value} />;
  const text = fieldText(say, field, value);
  if (text === null) return <span className={styles.faint}>{say.none}</span>;
  return <bdi className={styles.value}>{text}</bdi>;
}
