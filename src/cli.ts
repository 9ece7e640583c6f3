import './server/refuse-old-node.js';
import 'reflect-metadata';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { readEnvironment } from './config/environment.js';
import { withSecretFiles } from './config/secret-files.js';
import { loadSettings, type Settings } from './config/settings.js';
import { WrongSecretKey } from './database/key-errors.js';
import { migrate } from './database/migrate.js';
import { secretKeyFileOf } from './config/secret-key-file.js';
import { Shutdown } from './server/shutdown.js';
import { adminReport, resetAdminPassword } from './operator/admin.js';
import { takeCheckpoint } from './operator/checkpoint.js';
import { OperatorError } from './operator/operator-error.js';
import { writeGallery } from './operator/preview/gallery.js';
import { showProgress } from './operator/progress.js';
import { relayStatus, rewind, rewindReport } from './operator/relay.js';
import { replay } from './operator/replay.js';
import { readSharedMailboxes, sharedMailboxesReport } from './operator/shared-mailboxes.js';
import { checkpointReport, replayReport, verifyReport } from './operator/reports.js';
import { rotateSecret } from './operator/rotate-secret.js';
import { makeToken } from './operator/token.js';
import { verify } from './operator/verify.js';
import { openOperatorContext, type OperatorContext } from './operator/operator-context.js';
import { explainFailure } from './server/start-failure.js';

const shutdown = new Shutdown();
const program = new Command('roster').description(
  "Roster's operator commands. Settings come from the environment and .env.",
);

program
  .command('migrate')
  .description('bring the database schema up to date (the server does so too when it starts)')
  .action(async () => {
    const settings = await settingsForCommand();
    const applied = await migrate(settings, console.warn);
    console.log(applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}`);
    const shared = await readSharedMailboxes(settings);
    if (shared.length > 0) console.log(sharedMailboxesReport(shared));
  });

program
  .command('shared-mailboxes')
  .description('list users whose address is another spelling of somebody else’s, so that they cannot be found by it')
  .action(async () => {
    const settings = await settingsForCommand();
    console.log(sharedMailboxesReport(await readSharedMailboxes(settings)));
  });

program
  .command('seed')
  .description('fill the database with made-up users who can sign in, for development and measurements')
  .option('--users <number>', 'how many', wholeNumber, 1000)
  .action(async ({ users }: { users: number }) => {
    const { startLocalServices } = await import('./development/local-services.js');
    const { settings } = await startLocalServices(loadSettings(readEnvironment()), shutdown, console.log);
    await migrate(settings);
    const { seed } = await import('./development/seed.js');
    await seed(settings, users, shutdown);
  });

program
  .command('verify')
  .description('check every chain and every row against the log; ends with 1 and names the first fault if there is one')
  .option('--all [number]', 'name so many faults rather than the first alone', wholeNumber)
  .option('--checkpoint <file>', 'check the log against this checkpoint too: it finds cut tails and vanished users')
  .action(async ({ all, checkpoint }: { all?: number | true; checkpoint?: string }) => {
    const limit = all === true ? 100 : (all ?? 1);
    const progress = await showProgress('Verifying');
    const result = await verify(await operatorContext(), { limit, checkpoint, progress });
    console.log(verifyReport(result, limit));
    if (result.faults.length > 0) await shutdown.end(1);
  });

program
  .command('checkpoint')
  .description("write a signed list of where every user's log ends, to be kept elsewhere and given to verify later")
  .requiredOption('--out <file>', 'a new file')
  .action(async ({ out }: { out: string }) => {
    console.log(checkpointReport(await takeCheckpoint(await operatorContext(), out), out));
  });

program
  .command('replay')
  .description('rebuild every user from the log and put rows right that differ, beside a running server')
  .option('--dry-run', 'change nothing, only say what differs', false)
  .action(async ({ dryRun }: { dryRun: boolean }) => {
    const result = await replay(await operatorContext(), { dryRun, progress: await showProgress('Replaying') });
    console.log(replayReport(result, dryRun));
    if (result.unsettled.length > 0) await shutdown.end(1);
  });

program
  .command('rotate-secret')
  .description(
    'wrap every key with a new SECRET_KEY, given as NEW_SECRET_KEY in the environment; nothing becomes invalid',
  )
  .action(async () => {
    const { environment, problems } = withSecretFiles(readEnvironment(), ['NEW_SECRET_KEY']);
    if (problems.length > 0) throw new OperatorError(problems.join('\n'));
    const kept = secretKeyFileOf(loadSettings(environment));
    const given = environment['NEW_SECRET_KEY']?.trim() || undefined;
    const rotation = await rotateSecret(await operatorContext(), kept, given);
    console.log(
      `Wrapped ${rotation.keys} keys. Servers that run go on.\n` +
        (rotation.kept
          ? 'The new key is kept under DATA_DIR.'
          : 'From the next start on, SECRET_KEY has to be what NEW_SECRET_KEY is: put it there now, and keep the old one for older backups.'),
    );
  });

program
  .command('rotate-signing-key')
  .description('sign access tokens with a new key from now on; nobody is signed out (the server does so every 90 days)')
  .action(async () => {
    const id = await (await operatorContext()).keyring.rotate('access-token');
    if (id === undefined) throw new WrongSecretKey();
    console.log(
      `Access tokens are signed with key ${id} from now on. The key before it verifies its tokens until they expire.`,
    );
  });

program
  .command('token')
  .description('print an access token for a user, for tests and measurements')
  .requiredOption('--user <user>', 'address, username or id')
  .option('--in-production', 'also where NODE_ENV is production', false)
  .action(async ({ user, inProduction }: { user: string; inProduction: boolean }) => {
    if (loadSettings(readEnvironment()).NODE_ENV === 'production' && !inProduction) {
      throw new OperatorError('A token is as good as the password. To make one in production, say so: --in-production');
    }
    console.log(await makeToken(await operatorContext(), user));
  });

const admin = program.command('admin').description('a way in for an admin who has none');

admin
  .command('reset-password')
  .description('give an admin a random password and print it once; needs no mail server')
  .option('--user <user>', 'address, username or id; the only admin without it')
  .action(async ({ user }: { user?: string }) => {
    console.log(adminReport(await resetAdminPassword(await operatorContext(), user)));
  });

const relay = program.command('relay').description('events to Kafka, RabbitMQ and whatever else they are sent to');

relay
  .command('status')
  .description('how far each sink is, who sends to it, and what it refused for good')
  .action(async () => {
    console.log(await relayStatus(await operatorContext()));
  });

relay
  .command('rewind')
  .description('send events to a sink again, or leave events out; the servers may run meanwhile')
  .requiredOption('--sink <sink>', 'its name, as relay status has it')
  .requiredOption('--to <place>', 'the first event to send: a position, a time (ISO 8601), "beginning" or "end"')
  .action(async ({ sink, to }: { sink: string; to: string }) => {
    console.log(rewindReport(sink, await rewind(await operatorContext(), sink, to)));
  });

program
  .command('mail-preview')
  .description('write every mail and page in every language into a folder, to be looked at in a browser')
  .option('--out <folder>', 'where to; what an earlier gallery left there is replaced', 'mail-preview')
  .action(({ out }: { out: string }) => {
    const samples = writeGallery(loadSettings(readEnvironment()), out);
    console.log(
      `Wrote ${samples.length} mails and pages. Open ${pathToFileURL(join(resolve(out), 'index.html')).href}`,
    );
  });

/** Production names its database and key; else they are those of the server that runs beside the command, or would. */
async function settingsForCommand(progress: (text: string) => void = () => undefined): Promise<Settings> {
  const given = loadSettings(readEnvironment());
  if (given.NODE_ENV === 'production') return given;
  const development = await import('./development/local-services.js');
  return development.settingsForCommand(given, shutdown, progress);
}

async function operatorContext(): Promise<OperatorContext> {
  const settings = await settingsForCommand((text) => console.error(text));
  return openOperatorContext(settings, shutdown);
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 to 99999999.');
  return Number(text);
}

shutdown.endOnSignals();
program.parseAsync().then(
  () => shutdown.end(0),
  (error: unknown) => {
    console.error(explainFailure(error, 'The command failed'));
    return shutdown.end(1);
  },
);
