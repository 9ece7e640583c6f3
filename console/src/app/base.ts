/** The script itself, at `<prefix>/console/assets/`. */
const here = import.meta.url;

/** Where the console is served: `/console`. */
export const CONSOLE_PATH = import.meta.env.DEV ? '/console' : new URL('..', here).pathname.replace(/\/$/, '');

/** What stands before it, and before every path of the API: empty, unless a proxy serves Roster below a prefix. */
export const PREFIX = CONSOLE_PATH.slice(0, -'/console'.length);
