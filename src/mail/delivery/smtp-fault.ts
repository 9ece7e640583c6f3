/** The errors of nodemailer. */
interface NodemailerError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

interface FaultDetails {
  /** Whether the server accepts no mail now, or only this mail was not accepted. */
  readonly about: 'server' | 'mail';
  /** True when a retry is useless (RFC 5321, 4.2.1). */
  readonly isPermanent: boolean;
  /** True when the server got the whole mail but its answer is missing: it may have delivered the mail. */
  readonly mayHaveArrived: boolean;
  /** True when no byte of the mail was sent. */
  readonly isUntouched: boolean;
}

/** A mail could not be sent. The message is the answer of the server, or what happened to the connection. */
export class SmtpFault extends Error {
  override readonly name = 'SmtpFault';
  readonly about: FaultDetails['about'];
  readonly isPermanent: boolean;
  readonly mayHaveArrived: boolean;
  readonly isUntouched: boolean;

  constructor(message: string, details: Partial<FaultDetails> & Pick<FaultDetails, 'about'>, cause?: unknown) {
    super(message, { cause });
    this.about = details.about;
    this.isPermanent = details.isPermanent ?? false;
    this.mayHaveArrived = details.mayHaveArrived ?? false;
    this.isUntouched = details.isUntouched ?? false;
  }
}

/** The fault of a connection that could not be opened: never the fault of a mail. */
export function openingFault(error: unknown): SmtpFault {
  const { message } = error as Error;
  return new SmtpFault(
    `the SMTP server cannot be used: ${onOneLine(message)}`,
    { about: 'server', isUntouched: true },
    error,
  );
}

/** The fault of an address that needs SMTPUTF8, where the server does not offer it (RFC 6531, 3.5). */
export function smtpUtf8Fault(): SmtpFault {
  return new SmtpFault(
    'the address has non-ASCII letters before the @, and the SMTP server does not accept such addresses (it does not offer SMTPUTF8, RFC 6531)',
    { about: 'mail', isPermanent: true },
  );
}

// The server is closing, or wants authentication or TLS first (RFC 4954, 6): the mail waits until the settings are right.
const SERVER_FAULTS: ReadonlySet<number> = new Set([421, 530, 534, 535, 538]);

/**
 * The fault of a mail that was being sent.
 * @param hadBegun whether the server had asked for the content
 */
export function sendingFault(error: unknown, hadBegun: boolean): SmtpFault {
  const { responseCode, code } = error as NodemailerError;
  if (responseCode !== undefined) {
    if (SERVER_FAULTS.has(responseCode)) return new SmtpFault(serverText(error), { about: 'server' }, error);
    // 503, a wrong order of commands, is no fault of the mail.
    const isPermanent = responseCode >= 500 && responseCode !== 503;
    return new SmtpFault(serverText(error), { about: 'mail', isPermanent }, error);
  }
  // nodemailer itself refuses the mail, such as an address with a line break.
  if (code === 'EENVELOPE' || code === 'EMESSAGE') {
    return new SmtpFault(serverText(error), { about: 'mail', isPermanent: true }, error);
  }
  const what = hadBegun ? 'after the mail, before its answer: it may have arrived' : 'before the mail was taken';
  const details = { about: 'mail', mayHaveArrived: hadBegun, isUntouched: !hadBegun } as const;
  return new SmtpFault(`the connection ended ${what} (${serverText(error)})`, details, error);
}

const MAX_TEXT_LENGTH = 500;

function serverText(error: unknown): string {
  const { response, message } = error as NodemailerError;
  return onOneLine(response ?? message);
}

/** Answers of servers are not trusted. */
function onOneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_TEXT_LENGTH);
}
