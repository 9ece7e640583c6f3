import { systemContext } from '../access/caller.js';
import { SCOPES } from '../access/scopes.js';
import { newTraceId } from '../config/trace-id.js';
import { validated, ValidationFailed } from '../http/request/validation.js';
import { NewServiceAccountDto } from '../service-accounts/service-account.dto.js';
import { NewServiceKeyDto } from '../service-accounts/service-key.dto.js';
import { ServiceKeys } from '../service-accounts/service-keys.js';
import { createKey } from '../users/aggregate/decide-service.js';
import { OperatorError } from './operator-error.js';
import type { OperatorContext } from './operator-context.js';
import { passwordsAt, usersAt } from './parts.js';

export interface CreatedService {
  readonly id: string;
  /** Shown only to the caller of the command. */
  readonly key: string;
}

/**
 * @param input as the API takes it, and checked alike
 * @throws OperatorError naming every option that is wrong
 */
export async function createServiceAccount(
  operator: OperatorContext,
  input: { readonly account: object; readonly key: object },
): Promise<CreatedService> {
  const { name, role, scopes } = await checked(NewServiceAccountDto, input.account);
  const { expiresAt, networks, name: keyName } = await checked(NewServiceKeyDto, input.key);
  const wanted = { name: keyName, expiresAt: expiresAt ?? null, networks: networks ?? [] };
  const users = usersAt(operator, passwordsAt(operator));
  const keys = new ServiceKeys(operator.keyring, operator.personalData);
  const context = systemContext(newTraceId());
  return operator.transactions.run(async (tx) => {
    const command = { nickname: name, role, how: 'admin', kind: 'SERVICE', scopes: scopes ?? SCOPES } as const;
    const { id } = await users.create(tx, command, context);
    const made = await keys.add(tx, id, wanted);
    await users.change(tx, id, (state) => createKey(state, { id: made.id, ...wanted }), context);
    return { id, key: made.key };
  });
}

/** For the person at the terminal. */
export function createdServiceReport({ id, key }: CreatedService): string {
  return `id   ${id}\nkey  ${key}  (shown only once)`;
}

async function checked<T extends object>(type: new () => T, input: object): Promise<T> {
  try {
    return await validated(type, input);
  } catch (error) {
    if (!(error instanceof ValidationFailed)) throw error;
    throw new OperatorError(error.errors.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  }
}
