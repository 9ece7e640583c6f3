import type { FieldWords } from '../events-in-words/field-words.js';

/** The fields that hold a moment. */
export const TIMES: ReadonlySet<string> = new Set([
  'professionalStatusChangedAt',
  'lockedUntil',
  'lastLoginAt',
  'createdAt',
]);

interface Contact {
  readonly value: string;
  readonly label?: string | null;
}

/** The value of a field of a user in the reader's words, other than a moment; null where nothing is set. */
export function fieldText(say: FieldWords, field: string, value: unknown): string | null {
  if (Array.isArray(value)) {
    const contacts = (value as readonly Contact[]).map((contact) =>
      contact.label == null ? contact.value : `${contact.value} (${contact.label})`,
    );
    return contacts.length === 0 ? null : contacts.join('\n');
  }
  if (value === true) return say.yes;
  if (value === false) return say.no;
  if (typeof value !== 'string' || value === '') return null;
  if (field === 'role') return (say.roles as Readonly<Record<string, string>>)[value] ?? value;
  if (field === 'status') return (say.statuses as Readonly<Record<string, string>>)[value] ?? value;
  return value;
}
