import { domainToUnicode } from 'node:url';
import { addressOf } from '../../auth/email-change/email-change-links.js';
import type { Transaction } from '../../database/transaction.js';
import { addressKey } from '../../users/aggregate/identifiers.js';

/** Replaces an erased address; the domain `invalid` will never exist (RFC 2606). */
export const ERASED_ADDRESS = 'erased@erased.invalid';

interface AffectedMail {
  readonly id: string;
  readonly recipient: string;
  readonly new_email: string | null;
}

/**
 * Erases an address from the mails and links of other users, who had requested to change to it, or had it as a contact. Queued mails to
 * it fail, and open links to it are removed; they can be requested again.
 * @param owner the erased user; their own mails are deleted as a whole
 */
export async function eraseAddressFromOthers(tx: Transaction, owner: { id: string; email: string }): Promise<void> {
  const key = addressKey(owner.email);
  const domain = domainToUnicode(key.slice(key.lastIndexOf('@') + 1));
  const spellings = [owner.email, key, key.slice(0, key.lastIndexOf('@') + 1) + domain];
  const found = await tx.query<AffectedMail[]>(
    `SELECT id, recipient, data ->> 'newEmail' AS new_email FROM mails
     WHERE user_id <> $1 AND (lower(recipient) IN (SELECT lower(spelling) FROM unnest($2::text[]) AS spelling)
       OR data ? 'newEmail' AND lower(data ->> 'newEmail') IN (SELECT lower(spelling) FROM unnest($2::text[]) AS spelling))`,
    [owner.id, spellings],
  );
  const ids = (of: (mail: AffectedMail) => string | null): string[] =>
    found.filter((mail) => addressKey(of(mail) ?? '') === key).map(({ id }) => id);
  // The answer of the server may repeat the address.
  await tx.query(
    `UPDATE mails SET recipient = $2, answer = NULL, state = CASE state WHEN 'queued' THEN 'failed' ELSE state END,
       last_error = CASE WHEN state <> 'sent' THEN 'the address was erased' END
     WHERE id = ANY ($1)`,
    [ids(({ recipient }) => recipient), ERASED_ADDRESS],
  );
  await tx.query(`UPDATE mails SET data = data || jsonb_build_object('newEmail', $2::text) WHERE id = ANY ($1)`, [
    ids(({ new_email }) => new_email),
    ERASED_ADDRESS,
  ]);
  await eraseFromLinks(tx, key);
}

/** The purpose of such a link contains the address. */
async function eraseFromLinks(tx: Transaction, key: string): Promise<void> {
  const links = await tx.query<{ id: string; subject: string }[]>(
    `SELECT id, split_part(purpose, ':', 2) AS subject FROM one_time_tokens WHERE purpose LIKE 'confirm-email-change:%'`,
  );
  const theirs = links.filter(({ subject }) => addressKey(addressOf(subject)) === key);
  if (theirs.length > 0) {
    await tx.query('DELETE FROM one_time_tokens WHERE id = ANY ($1)', [theirs.map(({ id }) => id)]);
  }
}
