import { Inject, type LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, type LoggerOptions, pino, type TransportSingleOptions } from 'pino';
import type { Settings } from '../config/settings.js';

export type Log = Logger;

export const LOG_TOKEN = Symbol('log');

/** Parameter: the log of the application. */
export const InjectLog = (): ParameterDecorator => Inject(LOG_TOKEN);

const SECRET_NAMES = [
  'password',
  'newPassword',
  'currentPassword',
  'token',
  'accessToken',
  'refreshToken',
  'deviceToken',
];

/** JSON lines, or a readable format on a terminal. Secrets are redacted in every line. */
export function createLog(settings: Settings): Log {
  const options = optionsOf(settings);
  if (process.stdout.isTTY && settings.NODE_ENV !== 'production') return pino({ ...options, transport: PRETTY });
  return pino(options, gathered());
}

/** At most so much later than it is logged, a line is written. */
const GATHER_MS = 10;
/** Written at once when there is more. */
const GATHER_BYTES = 16_000;

/**
 * Standard output, with the lines of a moment in one write: a write for each took a sixth of what a read costs. What waits is
 * written before the process exits, however it does, except by a signal that cannot be caught (SIGKILL).
 */
function gathered(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: false, minLength: GATHER_BYTES });
  let waiting = false;
  const write = output.write.bind(output);
  output.write = (line) => {
    if (!waiting) {
      waiting = true;
      setTimeout(() => {
        waiting = false;
        output.flush();
      }, GATHER_MS);
    }
    return write(line);
  };
  return output;
}

function optionsOf(settings: Settings): LoggerOptions {
  return {
    level: settings.LOG_LEVEL,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
    redact: {
      paths: [
        ...SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        ...['authorization', 'cookie', '["set-cookie"]'].flatMap((name) => {
          const dotted = name.startsWith('[') ? name : `.${name}`;
          return [name, `*${dotted}`, `*.*${dotted}`];
        }),
      ],
      censor: '[redacted]',
    },
    serializers: { err: serializeError },
  };
}

const PRETTY: TransportSingleOptions = {
  target: 'pino-pretty',
  options: { singleLine: true, translateTime: 'HH:MM:ss', ignore: 'traceId' },
};

/** Message, code and stack only: driver errors carry query parameters, which may contain user input. */
function serializeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return {
    type: name,
    message: withoutTokens(message),
    ...(typeof code === 'string' && { code }),
    stack: withoutTokens(stack ?? ''),
    ...(cause instanceof Error && { cause: serializeError(cause) }),
  };
}

/** Frameworks put URLs into their messages, and a URL may contain a one-time token, however it is encoded. */
function withoutTokens(text: string): string {
  return text.replace(/(token(?:=|%(?:25)*3d))[^\s"'&]+/gi, '$1[redacted]');
}

/** The context in which Nest logs a failed start. It also throws the error, which the entry point explains. */
const START_FAILURES = new Set<unknown>(['ExceptionHandler', 'NestApplication']);

/** Nest's own messages, written to the same log. */
export function nestLogger(log: Log): LoggerService {
  const write =
    (level: 'info' | 'error' | 'warn' | 'debug' | 'trace') =>
    (message: unknown, ...rest: unknown[]): void => {
      const context = rest.at(-1);
      log[level](
        typeof context === 'string' ? { context } : {},
        withoutTokens(message instanceof Error ? message.message : String(message)),
      );
    };
  return {
    // Nest logs every route and module at the start: only useful for debugging.
    log: write('debug'),
    error: (message: unknown, ...rest: unknown[]) =>
      write(START_FAILURES.has(rest.at(-1)) ? 'debug' : 'error')(message, ...rest),
    warn: write('warn'),
    debug: write('debug'),
    verbose: write('trace'),
  };
}
