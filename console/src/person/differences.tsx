import { fieldName, fieldWords } from '../events-in-words/field-words.js';
import { useWords } from '../language/language.js';
import type { Conflict } from './conflict.js';
import { FieldValue } from './field-value.js';
import styles from './person.module.css';

interface DifferencesProps {
  /** Of the two columns, the earlier first. */
  readonly seen: string;
  readonly theirs: string;
  /** Of a third column, where there is one's own wish too. */
  readonly mine?: string;
  readonly field: string;
  readonly caption: string;
  readonly rows: readonly Conflict[];
}

/** Fields that differ between two states, side by side. */
export function Differences({ seen, theirs, mine, field, caption, rows }: DifferencesProps) {
  const say = useWords(fieldWords);
  const hasMine = mine !== undefined && rows.some((row) => 'mine' in row);
  return (
    <div className={styles.scroll}>
      <table className={styles.differences}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{field}</th>
            <th scope="col">{seen}</th>
            <th scope="col">{theirs}</th>
            {hasMine && <th scope="col">{mine}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.field}>
              <th scope="row">{fieldName(say, row.field)}</th>
              <td>
                <FieldValue field={row.field} value={row.seen} />
              </td>
              <td>
                <FieldValue field={row.field} value={row.theirs} />
              </td>
              {hasMine && <td>{'mine' in row && <FieldValue field={row.field} value={row.mine} />}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
