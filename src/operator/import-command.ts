import { type Command, Option } from 'commander';
import { SOURCES } from '../auth/user-import/sources.js';
import type { ExportOptions } from './export-users.js';
import type { ImportOptions } from './import-users.js';
import type { OperatorContext } from './operator-context.js';
import { showProgress } from './progress.js';

interface CommandGround {
  readonly context: () => Promise<OperatorContext>;
  /** Ends the process with 1. */
  readonly fail: () => Promise<unknown>;
}

/** `roster import`, which exits with 1 unless every line went in, and `roster export`. */
export function addTransferCommands(program: Command, ground: CommandGround): void {
  addImportCommand(program, ground);
  addExportCommand(program, ground);
}

function addImportCommand(program: Command, { context, fail }: CommandGround): void {
  const from = new Option('--from <source>', 'what the file is; see docs/import.md').choices(SOURCES);
  program
    .command('import')
    .description('import the users of another system, or of an export; servers may keep running')
    .addOption(from.makeOptionMandatory())
    .requiredOption('--file <file>', 'file to read')
    .option('--dry-run', 'only report what would happen, write nothing', false)
    .option('--report <file>', 'write the lines that did not go in, as NDJSON, to this file')
    .option('--invite', 'mail users without a password a link to choose one', false)
    .option('--with-roles', 'for keycloak: take the realm roles manager and admin', false)
    .option('--hash-config <file>', "for firebase: the project's password hash parameters")
    .option('--hashes <file>', 'for auth0: the file with the password hashes')
    .option('--identities <file>', 'for supabase: auth.identities as CSV')
    .action(async (options: Omit<ImportOptions, 'progress' | 'say'>) => {
      const { importReport, importUsers } = await import('./import-users.js');
      const progress = await showProgress('Importing', 'bytes');
      const say = (sentence: string): void => console.error(sentence);
      const result = await importUsers(await context(), { ...options, progress, say });
      console.log(importReport(result, options.dryRun));
      if (result.refused > 0) await fail();
    });
}

function addExportCommand(program: Command, { context }: CommandGround): void {
  program
    .command('export')
    .description('write all users as a file that can be imported; without --out to the standard output')
    .option('--out <file>', 'file to create, which only its owner may read')
    .addOption(new Option('--format <format>', 'csv or ndjson').choices(['csv', 'ndjson']).default('ndjson'))
    .option('--with-hashes', 'with password hashes; those of Roster can be imported where its keys are', false)
    .action(async (options: ExportOptions) => {
      const { exportUsers } = await import('./export-users.js');
      const count = await exportUsers(await context(), options);
      console.error(`Exported ${count} users.`);
    });
}
