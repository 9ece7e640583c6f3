/**
 * What texts may consist of, for validation and the API document alike; written so that every regular expression engine reads
 * them the same way, and in time that grows with the length of the text and no faster: no two repetitions that stand beside each other take the same
 * character. Control characters (Unicode Cc) have no place in a name, and would reach mail headers.
 */
/** Any text that a body may hold at all (src/http/request/body.ts). */
export const WITHOUT_NUL = '^[^\\x00]*$';
/** White space of one line. */
const SPACE = ' \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000';
const CONTROL = '\\x00-\\x1f\\x7f-\\x9f';
/**
 * Ends of lines beside those among the control characters, and what nobody sees: characters that turn the direction of what stands beside
 * them (Bidi_Control), soft hyphens, zero-width spaces, fillers (Default_Ignorable_Code_Point). Joiners and variation selectors are none of
 * these: names in Persian, Sinhala, Mongolian and Japanese are written with them.
 */
const UNSEEN =
  '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufff8';
/** One line that shows something, and nothing that is not seen. White space around it is cut off by who takes it. */
export const LINE = `^[${SPACE}]*[^${SPACE}${CONTROL}${UNSEEN}][^${CONTROL}${UNSEEN}]*$`;
/** Line breaks and tabs as well. */
export const LINES = '^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$';
