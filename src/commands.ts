import 'reflect-metadata';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { readEnvironment } from './config/environment.js';
import { RELEASE } from './config/release.js';
import { withSecretFiles } from './config/secret-files.js';
import { loadSettings, type Settings } from './config/settings.js';
import { WrongSecretKey } from './database/key-errors.js';
import { secretKeyFileOf } from './config/secret-key-file.js';
import { Shutdown } from './server/shutdown.js';
import { addClientCommands } from './operator/client-commands.js';
import { addDoctorCommand } from './operator/doctor-command.js';
import { addTransferCommands } from './operator/import-command.js';
import { addRelayCommands } from './operator/relay-commands.js';
import { addServiceAccountCommands } from './operator/service-account-commands.js';
import { OperatorError } from './operator/operator-error.js';
import { showProgress } from './operator/progress.js';
import { checkpointReport, replayReport, verifyReport } from './operator/reports.js';
import type { OperatorContext } from './operator/operator-context.js';
import { wholeNumber } from './operator/whole-number.js';
import { explainFailure } from './server/start-failure.js';

const shutdown = new Shutdown();
// Each command imports what it needs when it runs: loading all of it doubles the time of a short one.
const program = new Command('roster')
  .description("Roster's operator commands. Settings come from the environment and .env.")
  .version(RELEASE, '--version', 'print the release');

program
  .command('migrate')
  .description('apply pending database migrations (the server does so at start)')
  .action(async () => {
    const { migrate } = await import('./database/migrate.js');
    const { readSharedMailboxes, sharedMailboxesReport } = await import('./operator/shared-mailboxes.js');
    const settings = await settingsForCommand();
    const applied = await migrate(settings, console.warn);
    console.log(applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}`);
    const shared = await readSharedMailboxes(settings);
    if (shared.length > 0) console.log(sharedMailboxesReport(shared));
  });

addDoctorCommand(program, {
  // Starts nothing: only what runs can be looked at.
  complete: async (given) => {
    if (given.NODE_ENV === 'production') return given;
    const { runningServices } = await import('./development/local-services.js');
    return runningServices(given);
  },
  fail: () => shutdown.end(1),
});

program
  .command('shared-mailboxes')
  .description(
    'list users who cannot be found by their address because it is another spelling of an address already in use',
  )
  .action(async () => {
    const { readSharedMailboxes, sharedMailboxesReport } = await import('./operator/shared-mailboxes.js');
    const settings = await settingsForCommand();
    console.log(sharedMailboxesReport(await readSharedMailboxes(settings)));
  });

program
  .command('seed')
  .description(
    'add generated users with histories, for development and benchmarks; sends no mail, and no event to sinks that are up to date',
  )
  .option('--users <number>', 'number of users; with fewer than 1000, all are active', wholeNumber, 1000)
  .option('--random <number>', 'where random choices start: the same number generates the same people', wholeNumber)
  .action(async ({ users, random }: { users: number; random?: number }) => {
    const { startLocalServices } = await import('./development/local-services.js');
    const { settings } = await startLocalServices(loadSettings(readEnvironment()), shutdown, console.log);
    const { migrate } = await import('./database/migrate.js');
    await migrate(settings);
    const { seed } = await import('./development/seed/seed.js');
    await seed(settings, users, shutdown, { random });
  });

addTransferCommands(program, { context: operatorContext, fail: () => shutdown.end(1) });

program
  .command('verify')
  .description(
    'verify every hash chain, and every row against the event log; exits with 1 and prints the first fault, if any',
  )
  .option('--all [number]', 'print up to this many faults instead of only the first', wholeNumber)
  .option(
    '--checkpoint <file>',
    'also check the log against this checkpoint, which detects truncated logs and missing users',
  )
  .action(async ({ all, checkpoint }: { all?: number | true; checkpoint?: string }) => {
    const { keptVerification } = await import('./operator/verify.js');
    const limit = all === true ? 100 : (all ?? 1);
    const progress = await showProgress('Verifying');
    const result = await keptVerification(await operatorContext(), { limit, checkpoint, progress });
    console.log(verifyReport(result, limit));
    if (result.faults.length > 0) await shutdown.end(1);
  });

program
  .command('checkpoint')
  .description('write a signed list of the last event of every user, to be stored elsewhere and passed to verify later')
  .requiredOption('--out <file>', 'file to create')
  .action(async ({ out }: { out: string }) => {
    const { takeCheckpoint } = await import('./operator/checkpoint.js');
    console.log(checkpointReport(await takeCheckpoint(await operatorContext(), out), out));
  });

program
  .command('replay')
  .description('rebuild every user from the event log and repair rows that differ; servers may keep running')
  .option('--dry-run', 'only report differences, change nothing', false)
  .action(async ({ dryRun }: { dryRun: boolean }) => {
    const { replay } = await import('./operator/replay.js');
    const result = await replay(await operatorContext(), { dryRun, progress: await showProgress('Replaying') });
    console.log(replayReport(result, dryRun));
    if (result.unsettled.length > 0) await shutdown.end(1);
  });

program
  .command('after-restore')
  .description(
    'for a database restored from a backup, before the first start: end sessions, links and remembered devices, give up queued mails',
  )
  .requiredOption('--yes', 'confirm that everybody is to be signed out')
  .action(async () => {
    const { afterRestore, afterRestoreReport } = await import('./operator/after-restore.js');
    const progress = await showProgress('Ending sessions and links', 'users');
    console.log(afterRestoreReport(await afterRestore(await operatorContext(), progress)));
  });

program
  .command('rotate-secret')
  .description(
    'rewrap every key with a new SECRET_KEY, given as NEW_SECRET_KEY in the environment; tokens and data stay valid',
  )
  .action(async () => {
    const { environment, problems } = withSecretFiles(readEnvironment(), ['NEW_SECRET_KEY']);
    if (problems.length > 0) throw new OperatorError(problems.join('\n'));
    const { rotateSecret } = await import('./operator/rotate-secret.js');
    const kept = secretKeyFileOf(loadSettings(environment));
    const given = environment['NEW_SECRET_KEY']?.trim() || undefined;
    const rotation = await rotateSecret(await operatorContext(), kept, given);
    console.log(
      `Wrapped ${rotation.keys} keys. Running servers continue.\n` +
        (rotation.kept
          ? 'The new key was saved under DATA_DIR.'
          : 'Set SECRET_KEY to the new key now, before the next start, and keep the old key for older backups.'),
    );
  });

program
  .command('rotate-signing-key')
  .description('rotate the keys that sign tokens; nobody is signed out (the server does so every 90 days)')
  .action(async () => {
    const id = await (await operatorContext()).keyring.rotateSigning();
    if (id === undefined) throw new WrongSecretKey();
    console.log(`Access tokens are now signed with key ${id}. The previous key verifies them until they expire.`);
  });

program
  .command('token')
  .description('print an access token for a user, for tests and benchmarks')
  .requiredOption('--user <user>', 'address, username or id')
  .option('--in-production', 'allow this when NODE_ENV is production', false)
  .action(async ({ user, inProduction }: { user: string; inProduction: boolean }) => {
    if (loadSettings(readEnvironment()).NODE_ENV === 'production' && !inProduction) {
      throw new OperatorError(
        'An access token grants full access as the user. To create one in production, pass --in-production',
      );
    }
    const { makeToken } = await import('./operator/token.js');
    console.log(await makeToken(await operatorContext(), user));
  });

const admin = program.command('admin').description('create admins, and recover access');

admin
  .command('reset-password')
  .description('set a random password for an admin and print it once; needs no mail server')
  .option('--user <user>', 'address, username or id; defaults to the only admin')
  .action(async ({ user }: { user?: string }) => {
    const { adminReport, resetAdminPassword } = await import('./operator/admin.js');
    console.log(adminReport(await resetAdminPassword(await operatorContext(), user)));
  });

admin
  .command('create')
  .description('create an admin with a random password and print it once; needs no mail server')
  .requiredOption('--email <address>', 'its address, which nobody else may have; it counts as confirmed')
  .action(async ({ email }: { email: string }) => {
    const { createAdmin, createdReport } = await import('./operator/admin-creation.js');
    console.log(createdReport(await createAdmin(await operatorContext(), email)));
  });

admin
  .command('reset-factors')
  .description('remove every second factor of a user who has lost them, admins included, and sign the user out')
  .requiredOption('--user <user>', 'address, username or id')
  .action(async ({ user }: { user: string }) => {
    const { factorsReport, resetFactors } = await import('./operator/admin-factors.js');
    console.log(factorsReport(await resetFactors(await operatorContext(), user)));
  });

addServiceAccountCommands(program, operatorContext);
addClientCommands(program, operatorContext);

addRelayCommands(program, operatorContext);

program
  .command('mail-preview')
  .description('render every mail and page in every language into a directory, for viewing in a browser')
  .option('--out <folder>', 'output directory; files of an earlier preview are replaced', 'mail-preview')
  .action(async ({ out }: { out: string }) => {
    const { writeGallery } = await import('./operator/preview/gallery.js');
    const samples = writeGallery(loadSettings(readEnvironment()), out);
    console.log(
      `Wrote ${samples.length} mails and pages. Open ${pathToFileURL(join(resolve(out), 'index.html')).href}`,
    );
  });

/** In production, the settings name database and key; otherwise they are those of the local development server. */
async function settingsForCommand(progress: (text: string) => void = () => undefined): Promise<Settings> {
  const given = loadSettings(readEnvironment());
  if (given.NODE_ENV === 'production') return given;
  const development = await import('./development/local-services.js');
  return development.settingsForCommand(given, shutdown, progress);
}

async function operatorContext(): Promise<OperatorContext> {
  const settings = await settingsForCommand((text) => console.error(text));
  const { openOperatorContext } = await import('./operator/operator-context.js');
  return openOperatorContext(settings, shutdown);
}

/** What the command line asks for; ends the process. */
export function run(): void {
  shutdown.endOnSignals();
  program.parseAsync().then(
    () => shutdown.end(0),
    (error: unknown) => {
      console.error(explainFailure(error, 'The command failed'));
      return shutdown.end(1);
    },
  );
}
