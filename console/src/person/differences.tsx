import type { FieldChange } from '../api/schema.js';
import { fieldName, fieldWords } from '../events-in-words/field-words.js';
import { useWords } from '../language/language.js';
import { FieldValue } from './field-value.js';
import styles from './person.module.css';
import { words } from './words.js';

/** Fields that differ between then and now, side by side. */
export function Differences({ changes }: { readonly changes: readonly FieldChange[] }) {
  const say = useWords(words);
  const names = useWords(fieldWords);
  return (
    // It scrolls by itself where it is narrow, with the keyboard too.
    <div className={styles.scroll} tabIndex={0} role="group" aria-label={say.changedSince}>
      <table className={styles.differences}>
        <thead>
          <tr>
            <th scope="col">{say.field}</th>
            <th scope="col">{say.then}</th>
            <th scope="col">{say.now}</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ field, from, to }) => (
            <tr key={field}>
              <th scope="row">{fieldName(names, field)}</th>
              <td>
                <FieldValue field={field} value={from} />
              </td>
              <td>
                <FieldValue field={field} value={to} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
