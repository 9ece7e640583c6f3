import { copyInto } from '../../database/copy.js';
import { hmacWith, seal, unseal } from '../../database/sealing.js';
import { parseForeignHash } from '../passwords/foreign/parse-foreign.js';
import type { ImportGround } from './import-ground.js';
import { LineFault, type SourceIdentity, type SourcePerson } from './source-person.js';
import { ofHash } from './sources/values.js';

/** What another file, or a later line, has about a person. */
export type Companion =
  { readonly kind: 'hash'; readonly hash: string } | { readonly kind: 'identity'; readonly identity: SourceIdentity };

const LABEL = 'import companion';
const BATCH = 2000;

/**
 * What belongs to people and stands elsewhere than they do, such as the hashes of Auth0. It is kept in a temporary table, sealed, so
 * that an import takes constant memory.
 */
export class Companions {
  private count = 0;

  constructor(private readonly ground: Pick<ImportGround, 'client' | 'keyring'>) {}

  async take(given: AsyncIterable<{ readonly id: string; readonly of: Companion }>): Promise<void> {
    await this.ground.client.query(
      'CREATE TEMP TABLE IF NOT EXISTS import_companions (id bytea NOT NULL, sealed bytea NOT NULL)',
    );
    let rows: Buffer[][] = [];
    const { secret } = this.ground.keyring.current('imported-password');
    const write = async (): Promise<void> => {
      await copyInto(this.ground.client, 'import_companions', ['id', 'sealed'], rows);
      this.count += rows.length;
      rows = [];
    };
    for await (const { id, of } of given) {
      rows.push([this.idOf(id), seal(secret, Buffer.from(JSON.stringify(of)), LABEL)]);
      if (rows.length === BATCH) await write();
    }
    await write();
    await this.ground.client.query('CREATE INDEX IF NOT EXISTS import_companions_id ON import_companions (id)');
    await this.ground.client.query('ANALYZE import_companions');
  }

  /** The person with what is known besides, for each. @param idOf the id under which it is known */
  async join(
    people: readonly SourcePerson[],
    idOf: (externalId: string) => string,
  ): Promise<(SourcePerson | LineFault)[]> {
    if (this.count === 0) return [...people];
    const ids = people.map(({ externalId }) => (externalId === null ? undefined : this.idOf(idOf(externalId))));
    const { rows } = await this.ground.client.query<{ id: Buffer; sealed: Buffer }>(
      'SELECT id, sealed FROM import_companions WHERE id = ANY ($1)',
      [ids.filter((id) => id !== undefined)],
    );
    const found = Map.groupBy(rows, ({ id }) => id.toString('hex'));
    const { secret } = this.ground.keyring.current('imported-password');
    return people.map((person, place) => {
      const ofPerson = found.get(ids[place]?.toString('hex') ?? '') ?? [];
      const known = ofPerson.map(({ sealed }) => JSON.parse(unseal(secret, sealed, LABEL).toString()) as Companion);
      return known.length === 0 ? person : joined(person, known);
    });
  }

  private idOf(id: string): Buffer {
    const { secret } = this.ground.keyring.current('address');
    return hmacWith(secret).update(`import companion:${id}`).digest();
  }
}

function joined(person: SourcePerson, known: readonly Companion[]): SourcePerson | LineFault {
  const hash = known.findLast((one) => one.kind === 'hash')?.hash;
  const identities = known.flatMap((one) => (one.kind === 'identity' ? [one.identity] : []));
  try {
    const password = hash === undefined ? person.password : ofHash(() => parseForeignHash(hash));
    return { ...person, password, identities: [...person.identities, ...identities] };
  } catch (error) {
    if (error instanceof LineFault) return new LineFault(error.code, error.message, person.externalId);
    throw error;
  }
}
