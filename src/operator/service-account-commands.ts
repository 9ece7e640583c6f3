import { type Command, Option } from 'commander';
import { USER_ROLES } from '../access/role.js';
import { SCOPES } from '../access/scopes.js';
import type { OperatorContext } from './operator-context.js';

interface CreateOptions {
  readonly name: string;
  readonly role: string;
  readonly scope?: string[];
  readonly network?: string[];
  readonly expires?: string;
  readonly json: boolean;
}

/** Adds `roster service-account create`, which needs no server. */
export function addServiceAccountCommands(program: Command, operatorContext: () => Promise<OperatorContext>): void {
  program
    .command('service-account')
    .description('accounts and keys for services that call Roster')
    .command('create')
    .description('create a service account with one key, and print its id and, once, the key')
    .requiredOption('--name <name>', 'of the service')
    .addOption(new Option('--role <role>', 'the most that it may do').choices([...USER_ROLES]).makeOptionMandatory())
    .addOption(new Option('--scope <scope...>', 'what the key may be used for; all by default').choices([...SCOPES]))
    .option('--network <network...>', 'addresses and networks (CIDR) that the key may be used from; any by default')
    .option('--expires <time>', 'when the key expires (RFC 3339); never by default')
    .option('--json', 'print JSON', false)
    .action(async (options: CreateOptions) => {
      const { createdServiceReport, createServiceAccount } = await import('./service-accounts.js');
      const { name, role, scope: scopes, network: networks, expires: expiresAt } = options;
      const input = {
        account: { name, role, scopes },
        key: { name: 'roster service-account create', expiresAt, networks },
      };
      const created = await createServiceAccount(await operatorContext(), input);
      console.log(options.json ? JSON.stringify(created) : createdServiceReport(created));
    });
}
