/** What nodemailer throws. */
interface NodemailerError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

interface Verdict {
  /** Whether no mail can leave now, or only this one was not taken. */
  readonly about: 'server' | 'mail';
  /** True when trying this mail again is of no use (RFC 5321, 4.2.1). */
  readonly isPermanent: boolean;
  /** True when the server had the whole mail and its answer did not come: it may have delivered it. */
  readonly mayHaveArrived: boolean;
  /** True when not a byte of the mail had left. */
  readonly isUntouched: boolean;
}

/** A mail could not be handed over; the message is what the server said, or what happened to the connection. */
export class SmtpFault extends Error {
  override readonly name = 'SmtpFault';
  readonly about: Verdict['about'];
  readonly isPermanent: boolean;
  readonly mayHaveArrived: boolean;
  readonly isUntouched: boolean;

  constructor(message: string, verdict: Partial<Verdict> & Pick<Verdict, 'about'>, cause?: unknown) {
    super(message, { cause });
    this.about = verdict.about;
    this.isPermanent = verdict.isPermanent ?? false;
    this.mayHaveArrived = verdict.mayHaveArrived ?? false;
    this.isUntouched = verdict.isUntouched ?? false;
  }
}

/** Of a connection that could not be made ready: whatever the reason, it is nothing that a mail could help. */
export function openingFault(error: unknown): SmtpFault {
  const { message } = error as Error;
  return new SmtpFault(
    `the SMTP server cannot be used: ${onOneLine(message)}`,
    { about: 'server', isUntouched: true },
    error,
  );
}

/** Of a mail whose address the server has no way to be told (RFC 6531, 3.5). */
export function unwritableFault(): SmtpFault {
  return new SmtpFault(
    'the address has letters beyond ASCII before the @, and the SMTP server does not take such addresses (it does not offer SMTPUTF8, RFC 6531)',
    { about: 'mail', isPermanent: true },
  );
}

// They want a sign-in or TLS first (RFC 4954, 6): our own settings' fault, so that the mail waits until they are right.
const ABOUT_US: ReadonlySet<number> = new Set([421, 530, 534, 535, 538]);

/**
 * Of a mail that was under way.
 * @param hadBegun whether the server had asked for the content
 */
export function sendingFault(error: unknown, hadBegun: boolean): SmtpFault {
  const { responseCode, code } = error as NodemailerError;
  if (responseCode !== undefined) {
    if (ABOUT_US.has(responseCode)) return new SmtpFault(textOf(error), { about: 'server' }, error);
    // 503, a wrong order of commands, is no judgement on the mail.
    const isPermanent = responseCode >= 500 && responseCode !== 503;
    return new SmtpFault(textOf(error), { about: 'mail', isPermanent }, error);
  }
  // What nodemailer itself refuses to send, such as an address with a line break.
  if (code === 'EENVELOPE' || code === 'EMESSAGE') {
    return new SmtpFault(textOf(error), { about: 'mail', isPermanent: true }, error);
  }
  const what = hadBegun ? 'after the mail, before its answer: it may have arrived' : 'before the mail was taken';
  const verdict = { about: 'mail', mayHaveArrived: hadBegun, isUntouched: !hadBegun } as const;
  return new SmtpFault(`the connection ended ${what} (${textOf(error)})`, verdict, error);
}

const LONGEST = 500;

function textOf(error: unknown): string {
  const { response, message } = error as NodemailerError;
  return onOneLine(response ?? message);
}

/** What a server says is not ours to trust. */
function onOneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST);
}
