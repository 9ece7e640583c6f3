import { Time } from '../components/time.js';
import { type FieldWords, fieldWords } from '../events-in-words/field-words.js';
import { useWords } from '../language/language.js';
import styles from './person.module.css';

const TIMES: ReadonlySet<string> = new Set(['professionalStatusChangedAt', 'lockedUntil', 'lastLoginAt', 'createdAt']);

interface Contact {
  readonly value: string;
  readonly label?: string | null;
}

/** The value of a field of a user, in the reader's words; what is not set says so. */
export function FieldValue({ field, value }: { readonly field: string; readonly value: unknown }) {
  const say = useWords(fieldWords);
  if (value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) {
    return <span className={styles.faint}>{say.none}</span>;
  }
  if (Array.isArray(value)) {
    return (
      <ul>
        {(value as readonly Contact[]).map((contact, index) => (
          <li key={index}>
            <bdi>{contact.value}</bdi>
            {contact.label != null && ` (${contact.label})`}
          </li>
        ))}
      </ul>
    );
  }
  if (TIMES.has(field) && typeof value === 'string') return <Time at={value} />;
  return <bdi className={styles.value}>{wordFor(say, field, value)}</bdi>;
}

function wordFor(say: FieldWords, field: string, value: unknown): string {
  if (value === true) return say.yes;
  if (value === false) return say.no;
  const text = String(value);
  if (field === 'role') return (say.roles as Readonly<Record<string, string>>)[text] ?? text;
  if (field === 'status') return (say.statuses as Readonly<Record<string, string>>)[text] ?? text;
  return text;
}
