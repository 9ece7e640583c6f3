import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/transaction.js';

/** The person who is erased, as they were until then. */
export interface Person {
  readonly id: string;
  readonly email: string | null;
}

/** For whom an export is made. What staff wrote for staff is not for the person. */
export type ExportReader = 'person' | 'staff';

/** Tables that hold personal data, with their export and erasure. Every module with such tables registers them. */
export interface PersonalDataSource {
  /** The key of its data in an export. */
  readonly name: string;
  /** Its tables; a test finds every table with personal data that no source names. */
  readonly tables: readonly string[];
  /** Everything that it holds about this person, in readable form; no hashes, no secrets. */
  export(tx: Transaction, userId: string, reader: ExportReader): Promise<unknown>;
  /** Destroys it for good. */
  erase(tx: Transaction, person: Person): Promise<void>;
}

/** The one list of everything that holds personal data: an erasure empties all of it, an export shows all of it. */
@Injectable()
export class PersonalDataRegistry {
  private readonly sources: PersonalDataSource[] = [];

  register(source: PersonalDataSource): void {
    this.sources.push(source);
  }

  get tables(): string[] {
    return this.sources.flatMap(({ tables }) => tables);
  }

  /** @returns the data of each source about the user, by the name of the source */
  async export(tx: Transaction, userId: string, reader: ExportReader): Promise<Record<string, unknown>> {
    const exported: Record<string, unknown> = {};
    for (const source of this.sources) exported[source.name] = await source.export(tx, userId, reader);
    return exported;
  }

  /** To be called in the transaction of `user.erased`, so that nobody is ever erased in part. */
  async erase(tx: Transaction, person: Person): Promise<void> {
    for (const source of this.sources) await source.erase(tx, person);
  }
}
