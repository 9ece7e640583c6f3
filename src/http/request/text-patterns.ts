/**
 * Patterns of allowed strings, for both validation and the API document; portable across regular expression engines and matched
 * in linear time: no two adjacent repetitions match the same character. Control characters (Unicode Cc) do not belong in names
 * and could reach mail headers.
 */
/** Any string that a body may contain (src/http/request/body.ts). */
export const WITHOUT_NUL = '^[^\\x00]*$';
/** White space of one line. */
const SPACE = ' \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000';
const CONTROL = '\\x00-\\x1f\\x7f-\\x9f';
/**
 * Line separators that are not control characters, and invisible characters: directional ones (Bidi_Control), soft hyphens,
 * zero-width spaces, fillers (Default_Ignorable_Code_Point). Not joiners and variation selectors: names in Persian, Sinhala, Mongolian and Japanese are written with them.
 */
const UNSEEN =
  '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufff8';
/** One line with a visible character and no invisible ones. Surrounding white space is trimmed by the caller. */
export const LINE = `^[${SPACE}]*[^${SPACE}${CONTROL}${UNSEEN}][^${CONTROL}${UNSEEN}]*$`;
/** Line breaks and tabs as well. */
export const LINES = '^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$';
