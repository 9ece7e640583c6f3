/**
 * What texts may consist of, for validation and the API document alike; written so that every regular expression engine reads
 * them the same way. Control characters (Unicode Cc) have no place in a name, and would reach mail headers.
 */
/** Any text that a body may hold at all (src/http/body.ts). */
export const WITHOUT_NUL = '^[^\\x00]*$';
export const PRINTABLE = '^[^\\x00-\\x1f\\x7f-\\x9f]*$';
export const NOT_BLANK = '^[^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$';
/** Line breaks and tabs as well. */
export const LINES = '^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]*$';
