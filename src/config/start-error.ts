/**
 * Something that only the person at the terminal can put right. The message is for them: what is wrong, what was expected, and
 * what to do about it; it is shown without a stack.
 */
export class StartError extends Error {}
