import { StartError } from '../config/start-error.js';
import { isUnreachable } from '../http/problem.js';

export class PortTaken extends StartError {
  constructor(host: string, port: number) {
    super(
      `Port ${port} on ${host} is in use by another program.\n` +
        `Stop that program, or choose another port: PORT=${port + 1} npm start`,
    );
  }
}

/** An optional part of Roster needs a package that is not installed. */
export class MissingPackage extends StartError {
  constructor(what: string, packages: readonly string[]) {
    super(
      `${what} needs the development packages ${packages.join(' and ')}, which are not installed.\nInstall them: npm ci`,
    );
  }
}

/** One message for the person at the terminal, with a stack trace only for unexpected errors. */
export function explainFailure(error: unknown, what = 'Roster could not start'): string {
  if (error instanceof StartError) return `\n${error.message}\n`;
  if (isUnreachable(error)) {
    return (
      `\n${what}: a service that it needs has stopped answering meanwhile (${(error as Error).message}).\n` +
      'Try again once the database takes writes; after a failover, that is some seconds later.\n'
    );
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `\n${what} because of an unexpected error:\n${detail}\n`;
}
