/**
 * An error that only the person at the terminal can fix. The message says what is wrong, what was expected and what to do; it is
 * shown without a stack trace.
 */
export class StartError extends Error {}
