import type { Changed } from '../act/questions.js';
import { answer, answerWithEtag, api } from '../api/client.js';
import { fieldName, fieldWords } from '../events-in-words/field-words.js';
import { localeOf, localTime } from '../language/formats.js';
import { languageNow } from '../language/language.js';
import { fieldText, TIMES } from './field-text.js';

/**
 * What somebody else has changed about a person since one looked. Beside it stands what one wanted to save, or else what one saw.
 * @param etag of the state that one saw
 */
export async function changedPerson(
  id: string,
  etag: string,
  mine: Readonly<Record<string, unknown>> = {},
): Promise<Changed> {
  const { etag: now = '' } = await answerWithEtag(api.GET('/users/{id}', { params: { path: { id } } }));
  const query = { from: versionOf(etag), to: versionOf(now) };
  const { changes } = await answer(api.GET('/users/{id}/diff', { params: { path: { id }, query } }));
  const fields = changes.map(({ field, from, to }) => ({
    label: fieldName(fieldWords[languageNow()], field),
    now: textOf(field, to),
    yours: textOf(field, field in mine ? mine[field] : from),
  }));
  return { fields, etag: now };
}

function textOf(field: string, value: unknown): string | null {
  const language = languageNow();
  if (TIMES.has(field) && typeof value === 'string') return localTime(new Date(value), localeOf(language));
  return fieldText(fieldWords[language], field, value);
}

/** An entity tag of a person is its version in quotation marks. */
function versionOf(etag: string): string {
  return etag.replace(/\D/g, '');
}
