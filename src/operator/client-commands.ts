import { type Command, InvalidArgumentError, Option } from 'commander';
import type { OperatorContext } from './operator-context.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const SHORT_GRANT_TYPES: Readonly<Record<string, string>> = {
  device_code: 'urn:ietf:params:oauth:grant-type:device_code',
};

interface CreateOptions {
  readonly name: string;
  readonly redirectUri?: string[];
  readonly postLogoutRedirectUri?: string[];
  readonly backchannelLogoutUri?: string;
  readonly grantType?: string[];
  readonly scope?: string[];
  readonly resource?: string[];
  readonly public: boolean;
  readonly firstParty: boolean;
  readonly idTokenAlg: string;
  readonly claimsInIdToken: boolean;
  readonly json: boolean;
}

/** Adds `roster client ...`, which needs no server. */
export function addClientCommands(program: Command, operatorContext: () => Promise<OperatorContext>): void {
  const client = program.command('client').description('register the applications that sign in with Roster');

  client
    .command('create')
    .description('register a client and print its id and, once, its secret')
    .requiredOption('--name <name>', 'shown to people who sign in')
    .option('--redirect-uri <uri...>', 'where people return after signing in; compared exactly')
    .option('--post-logout-redirect-uri <uri...>', 'where people may return after signing out')
    .option('--backchannel-logout-uri <uri>', 'is sent a logout token at every end of a session')
    .option(
      '--grant-type <type...>',
      'authorization_code, refresh_token (both by default), client_credentials, device_code',
    )
    .option('--scope <scope...>', 'that it may ask for; all by default')
    .option('--resource <uri...>', 'services that it may get JWTs for; none by default')
    .option('--public', 'without a secret, as for an application in a browser or on a phone', false)
    .option('--first-party', 'of your own organisation: people are not asked for consent', false)
    .addOption(new Option('--id-token-alg <algorithm>', 'signs id_tokens').choices(['RS256', 'ES256']).default('RS256'))
    .option('--claims-in-id-token', 'the claims of the scopes are in the id_token too', false)
    .option('--json', 'print JSON', false)
    .action(async (options: CreateOptions) => {
      const { createClient, createdClientReport } = await import('./clients.js');
      const operator = await operatorContext();
      const created = await createClient(operator, inputOf(options));
      const { clientSecret, client: registered } = created;
      const { clientId } = registered;
      const issuer = operator.settings.PUBLIC_URL;
      console.log(
        options.json ? JSON.stringify({ clientId, clientSecret, issuer }) : createdClientReport(issuer, created),
      );
    });

  client
    .command('list')
    .description('list clients, the newest first')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const { clientsReport, listClients } = await import('./clients.js');
      const clients = await listClients(await operatorContext());
      console.log(json ? JSON.stringify(clients) : clientsReport(clients));
    });

  client
    .command('delete')
    .description('delete a client at once and for good; its log stays')
    .requiredOption('--id <client>', 'id of the client', clientId)
    .action(async ({ id }: { id: string }) => {
      const { deleteClient } = await import('./clients.js');
      await deleteClient(await operatorContext(), id);
      console.log(`Deleted client ${id}.`);
    });

  client
    .command('rotate-secret')
    .description('replace the secret of a client and print the new one once; the present one is accepted for a while')
    .requiredOption('--id <client>', 'id of the client', clientId)
    .option(
      '--overlap <seconds>',
      'how long the present secret is still accepted; 0 if others know it',
      seconds,
      86_400,
    )
    .option('--json', 'print JSON', false)
    .action(async ({ id, overlap, json }: { id: string; overlap: number; json: boolean }) => {
      const { rotateClientSecret, rotatedReport } = await import('./clients.js');
      const rotated = await rotateClientSecret(await operatorContext(), id, overlap);
      const { clientSecret, client: changed } = rotated;
      const { previousSecretUntil } = changed;
      console.log(json ? JSON.stringify({ clientId: id, clientSecret, previousSecretUntil }) : rotatedReport(rotated));
    });
}

/** The body that the API would get. */
function inputOf(options: CreateOptions): object {
  return {
    name: options.name,
    redirectUris: options.redirectUri,
    postLogoutRedirectUris: options.postLogoutRedirectUri,
    backchannelLogoutUri: options.backchannelLogoutUri,
    grantTypes: options.grantType?.map((type) => SHORT_GRANT_TYPES[type] ?? type),
    scopes: options.scope,
    resources: options.resource,
    public: options.public,
    firstParty: options.firstParty,
    idTokenSignedResponseAlg: options.idTokenAlg,
    claimsInIdToken: options.claimsInIdToken,
  };
}

function clientId(text: string): string {
  if (!UUID.test(text)) throw new InvalidArgumentError('Expected the id of a client, as client list shows it.');
  return text.toLowerCase();
}

function seconds(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Infinity;
  if (number > 7 * 86_400)
    throw new InvalidArgumentError('Expected a whole number of seconds, 604800 (a week) at most.');
  return number;
}
