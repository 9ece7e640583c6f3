import { systemContext } from '../access/caller.js';
import { newTraceId } from '../config/trace-id.js';
import { validated, ValidationFailed } from '../http/request/validation.js';
import type { RegisteredClient } from '../openid/clients/client.js';
import { NewClientDto } from '../openid/clients/client.dto.js';
import { ClientHasNoSecret, ClientNotFound } from '../openid/clients/client-errors.js';
import { ClientLog } from '../openid/clients/client-log.js';
import { ClientRegistry, type ClientWithSecret } from '../openid/clients/client-registry.js';
import { ClientSecrets } from '../openid/clients/client-secrets.js';
import { LogoutTargets } from '../openid/clients/logout-targets.js';
import { OperatorError } from './operator-error.js';
import type { OperatorContext } from './operator-context.js';

/**
 * @param input as the API takes it, and checked alike
 * @throws OperatorError naming every option that is wrong
 */
export async function createClient(operator: OperatorContext, input: object): Promise<ClientWithSecret> {
  return explained(async () => {
    const checked = await validated(NewClientDto, input);
    return operator.transactions.run((tx) => registryAt(operator).create(tx, checked, systemContext(newTraceId())));
  });
}

/** All of them, the newest first. */
export async function listClients(operator: OperatorContext): Promise<RegisteredClient[]> {
  const registry = registryAt(operator);
  const clients: RegisteredClient[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await registry.page({ limit: 100, ...(cursor !== undefined && { cursor }) });
    clients.push(...page.items);
    cursor = page.nextCursor;
  }
  return clients;
}

/** @throws OperatorError if there is no such client */
export async function deleteClient(operator: OperatorContext, clientId: string): Promise<void> {
  await explained(() => registryAt(operator).remove(clientId, { context: systemContext(newTraceId()) }));
}

/**
 * @param overlap for how many seconds the present secret is still accepted
 * @throws OperatorError if there is no such client, or it is public
 */
export async function rotateClientSecret(
  operator: OperatorContext,
  clientId: string,
  overlap: number,
): Promise<ClientWithSecret> {
  return explained(() =>
    registryAt(operator).rotateSecret(clientId, overlap, { context: systemContext(newTraceId()) }),
  );
}

/** For the person at the terminal. */
export function createdClientReport(issuer: string, { client, clientSecret }: ClientWithSecret): string {
  return [
    `client id      ${client.clientId}`,
    clientSecret === undefined
      ? 'client secret  none: it is a public client'
      : `client secret  ${clientSecret}  (shown only once)`,
    `issuer         ${issuer}`,
  ].join('\n');
}

/** For the person at the terminal. */
export function clientsReport(clients: readonly RegisteredClient[]): string {
  if (clients.length === 0) return 'There are no clients. roster client create registers one.';
  return clients.map(({ clientId, name, redirectUris }) => [clientId, name, ...redirectUris].join('  ')).join('\n');
}

/** For the person at the terminal. */
export function rotatedReport({ client, clientSecret }: ClientWithSecret): string {
  const until = client.previousSecretUntil?.toISOString();
  const previous =
    until === undefined ? 'No earlier secret is accepted any more.' : `The previous one is accepted until ${until}.`;
  return `client secret  ${clientSecret ?? ''}  (shown only once)\n${previous}`;
}

function registryAt({ settings, keyring, transactions }: OperatorContext): ClientRegistry {
  // Servers see the change in the database themselves.
  const revocations = { expire: () => undefined };
  const log = new ClientLog(transactions);
  return new ClientRegistry(transactions, new ClientSecrets(keyring), log, new LogoutTargets(settings), revocations);
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ValidationFailed) {
      throw new OperatorError(error.errors.map(({ path, message }) => `${path}: ${message}`).join('\n'));
    }
    if (error instanceof ClientNotFound || error instanceof ClientHasNoSecret) throw new OperatorError(error.message);
    throw error;
  }
}
